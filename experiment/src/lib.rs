//! Scenario to plan to run to result: the only room that knows all others.
