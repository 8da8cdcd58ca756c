//! From plotters' SVG to the page's: colours become classes, attributes that
//! the style sheet gives are dropped, and the root gets a name for readers who
//! do not see it.

use std::fmt::Write as _;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontStyle, ShapeStyle, TextStyle};

use super::ink::{Ink, name_of};

/// Plotters counts whole pixels; drawing this much larger than shown keeps
/// lines smooth.
pub const FINE: i32 = 4;

/// Size of text in shown pixels.
pub const TEXT: f64 = 12.5;

/// What one draws on.
pub type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Result of a drawing step.
pub type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws a chart of the given size, in shown pixels, and returns its element.
///
/// # Panics
/// Never: drawing goes into a string.
pub fn chart(
    (width, height): (i32, i32),
    title: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Drawn,
) -> String {
    let size = ((width * FINE) as u32, (height * FINE) as u32);
    let mut raw = String::new();
    {
        let canvas = SVGBackend::with_string(&mut raw, size).into_drawing_area();
        draw(&canvas)
            .and_then(|()| canvas.present())
            .expect("drawing into a string does not fail");
    }
    dressed(&raw, size, title)
}

/// A filled style; `strength` is its opacity.
#[must_use]
pub fn fill(ink: Ink, strength: f64) -> ShapeStyle {
    ink.colour().mix(strength).filled()
}

/// A line style; `width` in quarters of a shown pixel.
#[must_use]
pub fn line(ink: Ink, width: u32) -> ShapeStyle {
    ink.colour().stroke_width(width)
}

/// Where a text lies, seen from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It ends there.
    Before,
    /// It begins there.
    After,
    /// It hangs below, centred.
    Below,
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its colour.
    pub ink: Ink,
    /// Where it lies.
    pub side: Side,
    /// Whether it is bold.
    pub bold: bool,
}

impl Label {
    /// Text to the left of an axis.
    pub const TICK_Y: Self = Self::new(Ink::Muted, Side::Before);
    /// Text below an axis.
    pub const TICK_X: Self = Self::new(Ink::Muted, Side::Below);
    /// What an axis shows, at its beginning.
    pub const HEAD: Self = Self::new(Ink::Text, Side::After);
    /// What an axis shows, at its end.
    pub const FOOT: Self = Self::new(Ink::Text, Side::Before);

    /// Plain text.
    #[must_use]
    pub const fn new(ink: Ink, side: Side) -> Self {
        Self {
            ink,
            side,
            bold: false,
        }
    }
}

/// Writes a text at a point of the canvas, in drawn pixels.
///
/// # Errors
/// As plotters; never into a string.
pub fn write(canvas: &Canvas<'_>, at: (i32, i32), text: &str, label: Label) -> Drawn {
    // Plotters writes the size divided by 1.24.
    let size = TEXT * f64::from(FINE) * 1.24;
    let style = if label.bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    let anchor = match label.side {
        Side::Before => Pos::new(HPos::Right, VPos::Center),
        Side::After => Pos::new(HPos::Left, VPos::Center),
        Side::Below => Pos::new(HPos::Center, VPos::Top),
    };
    let colour = label.ink.colour();
    let style = TextStyle::from((FontFamily::SansSerif, size, style))
        .color(&colour)
        .pos(anchor);
    canvas.draw(&Text::new(text.to_owned(), at, style))
}

/// Draws a straight line between two points, in drawn pixels.
///
/// # Errors
/// As plotters; never into a string.
pub fn rule(canvas: &Canvas<'_>, from: (i32, i32), to: (i32, i32), style: ShapeStyle) -> Drawn {
    canvas.draw(&PathElement::new(vec![from, to], style))
}

/// Fills a rectangle, in drawn pixels.
///
/// # Errors
/// As plotters; never into a string.
pub fn block(canvas: &Canvas<'_>, from: (i32, i32), to: (i32, i32), style: ShapeStyle) -> Drawn {
    canvas.draw(&Rectangle::new([from, to], style))
}

/// About how wide a text is, in drawn pixels: Chinese characters are as wide as
/// they are high, others a little over half of that.
#[must_use]
pub fn width_of(text: &str) -> i32 {
    let ems: f64 = text
        .chars()
        .map(|c| if u32::from(c) >= 0x2e80 { 1.0 } else { 0.56 })
        .sum();
    (ems * TEXT * f64::from(FINE)).ceil() as i32
}

/// The longest beginning of a text that fits, with an ellipsis where it was cut.
#[must_use]
pub fn fitted(text: &str, room: i32) -> String {
    if width_of(text) <= room {
        return text.to_owned();
    }
    let mut short: String = text.to_owned();
    while !short.is_empty() && width_of(&short) + width_of("…") > room {
        short.pop();
    }
    format!("{}…", short.trim_end())
}

fn dressed(raw: &str, (width, height): (u32, u32), title: &str) -> String {
    let mut out = format!(
        "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {width} {height}\" aria-label=\"{0}\"><title>{0}</title>",
        escaped(title)
    );
    let start = raw
        .find("<svg")
        .and_then(|at| raw[at..].find('>').map(|end| at + end + 1))
        .unwrap_or(0);
    let end = raw.rfind("</svg>").unwrap_or(raw.len());
    let mut rest = &raw[start..end];
    while let Some(open) = rest.find('<') {
        let text = rest[..open].trim();
        out.push_str(text);
        let close = rest[open..]
            .find('>')
            .map_or(rest.len(), |at| open + at + 1);
        tag(&mut out, &rest[open..close]);
        rest = &rest[close..];
    }
    out.push_str("</svg>");
    out
}

/// Rewrites one tag. Plotters puts neither `>` nor `"` into a value unescaped.
fn tag(out: &mut String, text: &str) {
    let inner = text.trim_start_matches('<').trim_end_matches('>');
    if let Some(name) = inner.strip_prefix('/') {
        let _ = write!(out, "</{name}>");
        return;
    }
    let (inner, empty) = match inner.strip_suffix('/') {
        Some(inner) => (inner, "/>"),
        None => (inner, ">"),
    };
    let (name, mut rest) = inner.split_once(' ').unwrap_or((inner, ""));
    let _ = write!(out, "<{name}");
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap_or((after, ""));
        attribute(out, key.trim(), value);
        rest = after;
    }
    out.push_str(empty);
}

fn attribute(out: &mut String, key: &str, value: &str) {
    let _ = match (key, value) {
        ("fill", colour) if colour.starts_with('#') => {
            write!(out, " class=\"f-{}\"", name_of(colour).unwrap_or("text"))
        }
        ("stroke", colour) if colour.starts_with('#') => {
            write!(out, " class=\"s-{}\"", name_of(colour).unwrap_or("text"))
        }
        // Both are what SVG assumes, and the page's style sheet names the fonts.
        ("stroke", "none") | ("opacity", "1") | ("font-family", _) => Ok(()),
        ("font-size", size) => {
            let size: f64 = size.parse().unwrap_or(TEXT * f64::from(FINE));
            write!(out, " font-size=\"{}\"", size.round())
        }
        _ => write!(out, " {key}=\"{}\"", value.trim()),
    };
}

/// Text as the value of an attribute or between tags.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_classes() {
        let svg = chart((100, 50), "a <b> & \"c\"", |canvas| {
            block(canvas, (0, 0), (40, 40), fill(Ink::Series(0), 0.5))?;
            rule(canvas, (0, 0), (40, 40), line(Ink::Grid, 4))?;
            write(canvas, (5, 5), "<i>\"x\"</i>", Label::HEAD)
        });
        assert!(
            svg.contains("<rect ") && svg.contains("class=\"f-run0\""),
            "{svg}"
        );
        assert!(svg.contains("class=\"s-grid\""), "{svg}");
        assert!(svg.contains("opacity=\"0.5\""), "{svg}");
        assert!(svg.contains("font-size=\"50\""), "{svg}");
        assert!(svg.contains("&lt;i&gt;"), "{svg}");
        assert!(!svg.contains("<i>") && !svg.contains("<b>"), "{svg}");
        assert!(!svg.contains("#"), "no fixed colour is left: {svg}");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        let room = width_of("hotstuff, se");
        assert_eq!(fitted("hotstuff", room), "hotstuff");
        let cut = fitted("hotstuff, seed 1234567", room);
        assert!(cut.ends_with('…') && width_of(&cut) <= room, "{cut}");
    }
}
