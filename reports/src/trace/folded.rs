//! Folded stacks: core time of virtual time, a line a stack, for flame graph
//! tools and speedscope.

use std::fmt::Write as _;

use groma_experiment::trace::Profile;

/// The text of the file. A count is nanoseconds of core time, all cores that
/// took part together; waits cost none and are not in it.
#[must_use]
pub fn render(profile: &Profile) -> String {
    let mut text = String::new();
    for (stack, cpu_ns) in &profile.cpu_ns {
        let node = profile.cast.nodes.get(stack.node as usize);
        let node = node.map_or("?", String::as_str);
        let frames = [node, stack.lane, stack.handler, stack.step].map(frame);
        let _ = writeln!(text, "{} {cpu_ns}", frames.join(";"));
    }
    text
}

/// A semicolon would begin another frame.
fn frame(name: &str) -> String {
    name.replace(';', ",")
}
