//! A space-time diagram: virtual time across, a line a replica, handlers as
//! boxes on it, messages as arrows from line to line. A document of its own, so
//! that it opens in any browser.

use std::fmt::Write as _;

use groma_experiment::trace::{Flight, Trace};

use super::ink::{Ink, SERIES};
use super::svg::escaped;
use crate::format::span;

/// Messages that can still be told apart.
const MOST_MESSAGES: usize = 400;
const WIDTH: f64 = 1500.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 64.0;
/// From line to line.
const ROW: f64 = 110.0;
/// Below the last line: the axis.
const FOOT: f64 = 60.0;
/// A row of the legend, and of one of its entries.
const LEGEND_ROW: f64 = 24.0;
const LEGEND_ENTRY: f64 = 190.0;
/// Boxes narrower than this cannot be seen.
const THINNEST: f64 = 0.3;

const STYLE: &str = "text{font-family:system-ui,sans-serif;font-size:13px;fill:#1b2530}\
.muted{fill:#5f6b78}.node{stroke:#9aa5b1;stroke-width:1}.grid{stroke:#e4e8ed}\
.main{fill:#37424e}.side{fill:#9aa5b1}.fault{stroke:#c2352b;stroke-dasharray:5 4}.lost{stroke-dasharray:4 3}";

/// A diagram, and what it could not show.
#[derive(Clone, Debug)]
pub struct Diagram {
    /// The document.
    pub svg: String,
    /// Messages drawn.
    pub drawn: usize,
    /// Messages between replicas that came after them.
    pub left_out: usize,
}

/// Draws the messages between the replicas of a stretch.
#[must_use]
pub fn document(trace: &Trace) -> Diagram {
    let replicas = |flight: &&Flight| {
        let both = trace.cast.is_replica(flight.from) && trace.cast.is_replica(flight.to);
        both && flight.wire.is_some() && flight.from != flight.to
    };
    let all: Vec<&Flight> = trace.flights.iter().filter(replicas).collect();
    let drawn = &all[..all.len().min(MOST_MESSAGES)];
    let plane = Plane::of(trace, drawn, all.len() > drawn.len());
    let kinds = kinds(drawn);
    let rows = kinds.len().div_ceil(plane.legend_columns()).max(1);
    let height = plane.bottom() + FOOT + LEGEND_ROW * (rows as f64 + 1.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\
         <title>Messages between replicas</title><style>{STYLE}</style>\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    plane.axis(&mut svg);
    plane.boxes(&mut svg, trace);
    plane.arrows(&mut svg, drawn, &kinds);
    plane.faults(&mut svg, trace);
    plane.legend(&mut svg, &kinds);
    svg.push_str("</svg>\n");
    Diagram {
        svg,
        drawn: drawn.len(),
        left_out: all.len() - drawn.len(),
    }
}

/// The journal names a message when it comes: one that has not is called this.
const NAMELESS: &str = "lost or still under way";

/// What a message is called.
fn kind(flight: &Flight) -> &'static str {
    flight.what.unwrap_or(NAMELESS)
}

/// Kinds in the order of their first message.
fn kinds(flights: &[&Flight]) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for flight in flights {
        if !kinds.contains(&kind(flight)) {
            kinds.push(kind(flight));
        }
    }
    kinds
}

fn colour(kinds: &[&str], kind: &str) -> String {
    let place = kinds.iter().position(|known| *known == kind).unwrap_or(0);
    let ink = match kind {
        NAMELESS => Ink::Muted,
        _ => Ink::Series(place % SERIES),
    };
    let colour = ink.colour();
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

/// Where times and nodes lie.
struct Plane {
    from_ns: u64,
    until_ns: u64,
    /// Names of the lines.
    names: Vec<String>,
}

impl Plane {
    /// A cut drawing ends with its last message.
    fn of(trace: &Trace, drawn: &[&Flight], cut: bool) -> Self {
        let last = drawn.iter().map(|f| f.came_ns.unwrap_or(f.sent_ns)).max();
        let until_ns = match last {
            Some(last) if cut => last.min(trace.until_ns),
            _ => trace.until_ns,
        };
        let names = trace.cast.nodes.iter().take(trace.cast.replicas);
        Self {
            from_ns: trace.from_ns,
            until_ns: until_ns.max(trace.from_ns + 1),
            names: names.cloned().collect(),
        }
    }

    fn x(&self, at_ns: u64) -> f64 {
        let at = at_ns.clamp(self.from_ns, self.until_ns) - self.from_ns;
        let share = at as f64 / (self.until_ns - self.from_ns) as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, node: u32) -> f64 {
        TOP + ROW * (f64::from(node) + 0.5)
    }

    fn bottom(&self) -> f64 {
        TOP + ROW * self.names.len() as f64
    }

    fn legend_columns(&self) -> usize {
        ((WIDTH - LEFT) / LEGEND_ENTRY) as usize
    }

    fn axis(&self, svg: &mut String) {
        let (bottom, right) = (self.bottom(), WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"26\" font-weight=\"600\">Messages between replicas, from {} of virtual time</text>",
            span(self.from_ns)
        );
        let step = tick(self.until_ns - self.from_ns);
        let mut after = 0;
        while self.from_ns + after <= self.until_ns {
            let x = self.x(self.from_ns + after);
            let label = if after == 0 {
                "0".to_owned()
            } else {
                span(after)
            };
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text class=\"muted\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 20.0
            );
            after += step;
        }
        for (node, name) in (0..).zip(&self.names) {
            let y = self.y(node);
            let _ = writeln!(
                svg,
                "<line class=\"node\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 12.0,
                y + 4.0,
                escaped(name)
            );
        }
    }

    /// The consensus lane lies on the line, the others below it.
    fn boxes(&self, svg: &mut String, trace: &Trace) {
        for handler in &trace.handlers {
            let shown = handler.from_ns < self.until_ns && trace.cast.is_replica(handler.node);
            let (x, end) = (self.x(handler.from_ns), self.x(handler.until_ns));
            if !shown || end - x < THINNEST {
                continue;
            }
            let y = self.y(handler.node);
            let (class, y, height) = match handler.lane {
                0 => ("main", y - 5.0, 10.0),
                lane => ("side", y + 4.0 + 3.0 * lane as f64, 2.5),
            };
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"{height}\"/>",
                end - x
            );
        }
    }

    fn arrows(&self, svg: &mut String, drawn: &[&Flight], kinds: &[&str]) {
        for kind in kinds {
            let colour = colour(kinds, kind);
            let _ = writeln!(
                svg,
                "<marker id=\"m{}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
                 <path d=\"M0 0L8 4L0 8z\" fill=\"{colour}\"/></marker>",
                name(kind)
            );
        }
        for flight in drawn {
            let (x1, y1) = (self.x(flight.sent_ns), self.y(flight.from));
            // What did not come ends half-way.
            let (x2, y2, class) = match flight.came_ns {
                Some(came) => (self.x(came), self.y(flight.to), ""),
                None => {
                    let half = (y1 + self.y(flight.to)) / 2.0;
                    (self.half_way(flight), half, "lost")
                }
            };
            let kind = kind(flight);
            let _ = writeln!(
                svg,
                "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1}\" x2=\"{x2:.1}\" y2=\"{y2}\" stroke=\"{}\" marker-end=\"url(#m{})\"><title>{}, {} B</title></line>",
                colour(kinds, kind),
                name(kind),
                escaped(kind),
                flight.bytes
            );
        }
    }

    /// Where a message would be half-way; one that was lost on leaving has no
    /// way, and ends a little further on.
    fn half_way(&self, flight: &Flight) -> f64 {
        let first_bit = flight.wire.and_then(|wire| wire.first_bit_ns);
        let half = first_bit.map(|at| self.x(flight.sent_ns + (at - flight.sent_ns) / 2));
        half.unwrap_or((self.x(flight.sent_ns) + 20.0).min(WIDTH - RIGHT))
    }

    fn faults(&self, svg: &mut String, trace: &Trace) {
        let faults = trace.moments.iter().filter(|moment| moment.node.is_none());
        for fault in faults.filter(|fault| fault.at_ns <= self.until_ns) {
            let x = self.x(fault.at_ns);
            // A label that would leave the picture stands on the other side.
            let (at, anchor) = match x > WIDTH * 0.75 {
                true => (x - 5.0, "end"),
                false => (x + 5.0, "start"),
            };
            let _ = writeln!(
                svg,
                "<line class=\"fault\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                TOP - 14.0,
                self.bottom(),
                TOP - 6.0,
                escaped(&fault.what)
            );
        }
    }

    fn legend(&self, svg: &mut String, kinds: &[&str]) {
        let top = self.bottom() + FOOT;
        for (place, kind) in kinds.iter().enumerate() {
            let column = place % self.legend_columns();
            let row = place / self.legend_columns();
            let x = LEFT + LEGEND_ENTRY * column as f64;
            let y = top + LEGEND_ROW * row as f64;
            let _ = writeln!(
                svg,
                "<line x1=\"{x}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{}\" stroke-width=\"3\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 24.0,
                colour(kinds, kind),
                x + 32.0,
                y + 4.0,
                escaped(kind)
            );
        }
        let y = top + LEGEND_ROW * kinds.len().div_ceil(self.legend_columns()).max(1) as f64;
        let _ = writeln!(
            svg,
            "<text class=\"muted\" x=\"{LEFT}\" y=\"{:.1}\">dark boxes: the consensus lane at work; thin ones below: execution, storage, intake, verify</text>",
            y + 4.0
        );
    }
}

/// A kind as a part of a marker's name.
fn name(kind: &str) -> String {
    kind.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// 1, 2 or 5 times a power of ten, about ten to the stretch.
fn tick(length_ns: u64) -> u64 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if length_ns / (step * factor) <= 10 {
                return step * factor;
            }
        }
        step *= 10;
    }
}
