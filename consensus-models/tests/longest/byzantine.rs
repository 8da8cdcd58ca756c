//! Nodes that lie: forged lotteries, wrong difficulty, signing out of order,
//! blocks that do not fit their headers, endless headers.
