//! Charts as SVG. Colours are those of the light page; its style sheet changes them by their
//! value where it is dark.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Bucket;

/// Text and axes.
const INK: RGBColor = RGBColor(0x5b, 0x64, 0x70);
/// Lines behind the data.
const GRID: RGBColor = RGBColor(0xe3, 0xe6, 0xea);
const APPLIED: RGBColor = RGBColor(0x2e, 0x9e, 0x6b);
const QUEUED: RGBColor = RGBColor(0xd9, 0x9a, 0x1c);
const FAILED: RGBColor = RGBColor(0xd6, 0x4b, 0x4b);
const WAITS: RGBColor = RGBColor(0x6b, 0x7f, 0xd7);

/// No more points than this in a chart over time.
const MOST_POINTS: usize = 180;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A stretch of time, with rates.
struct Point {
    second: f64,
    /// Per second, each with those before it added.
    stacked: [f64; 3],
    /// How many calls were waiting on average.
    waiting: f64,
}

/// Writes ended per second, over time.
pub(super) fn throughput(buckets: &[Bucket]) -> String {
    let points = points(buckets);
    let top = points.iter().map(|point| point.stacked[2]).fold(0.0, f64::max);
    svg((760, 240), |area| {
        let mut chart = frame(area, &points, top)?;
        for (index, colour) in [(2, FAILED), (1, QUEUED), (0, APPLIED)] {
            let line = points.iter().map(|point| (point.second, point.stacked[index]));
            chart.draw_series(AreaSeries::new(line, 0.0, colour))?;
        }
        Ok(())
    })
}

/// How many calls were waiting, over time.
pub(super) fn waits(buckets: &[Bucket]) -> String {
    let points = points(buckets);
    let top = points.iter().map(|point| point.waiting).fold(0.0, f64::max);
    svg((760, 150), |area| {
        let mut chart = frame(area, &points, top)?;
        let line = points.iter().map(|point| (point.second, point.waiting));
        chart.draw_series(AreaSeries::new(line, 0.0, WAITS))?;
        Ok(())
    })
}

/// One bar of all outcomes: how many each, and its colour.
pub(super) fn outcomes(parts: &[(u64, &str)]) -> String {
    let all: u64 = parts.iter().map(|(count, _)| count).sum();
    let bar = svg((760, 28), |area| {
        let mut left = 0;
        let shown: Vec<_> = parts.iter().filter(|(count, _)| *count > 0).collect();
        // Every outcome can be seen, be there ever so few of it.
        let least = 6;
        let room = 760 - least * i32::try_from(shown.len()).unwrap_or(0);
        for (at, (count, state)) in shown.iter().enumerate() {
            let share = *count as f64 / all.max(1) as f64;
            let last = at + 1 == shown.len();
            let right = if last { 760 } else { left + least + (share * f64::from(room)) as i32 };
            let gap = if last { 0 } else { 2 };
            let bar = Rectangle::new([(left, 0), (right - gap, 28)], colour(state).filled());
            area.draw(&bar)?;
            left = right;
        }
        Ok(())
    });
    // It is as wide as the page, and no higher for that.
    bar.replacen("<svg", "<svg preserveAspectRatio=\"none\"", 1)
}

/// A bar for each code.
pub(super) fn codes(counts: &[(&str, u64)]) -> String {
    const ROW: i32 = 26;
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let height = (u32::try_from(counts.len()).unwrap_or(0) * ROW as u32).max(1);
    svg((760, height), |area| {
        let text = ("sans-serif", 14).into_font().color(&INK);
        for (at, (code, count)) in counts.iter().enumerate() {
            let top = i32::try_from(at).unwrap_or(0) * ROW;
            area.draw(&Text::new((*code).to_owned(), (0, top + 4), text.clone()))?;
            let width = (*count as f64 / most as f64 * 380.0) as i32;
            let bar =
                Rectangle::new([(310, top + 4), (310 + width.max(3), top + 20)], FAILED.filled());
            area.draw(&bar)?;
            let label = super::page::grouped(*count);
            area.draw(&Text::new(label, (320 + width.max(3), top + 4), text.clone()))?;
        }
        Ok(())
    })
}

/// The colour of a state, which the style sheet knows by its value.
pub(super) fn colour(state: &str) -> RGBColor {
    match state {
        "applied" => APPLIED,
        "confirmed" => RGBColor(0x2a, 0x8f, 0x97),
        "existing" => RGBColor(0x7d, 0x8c, 0x9c),
        "queued" => QUEUED,
        "rejected" => FAILED,
        "unknown" => RGBColor(0x8e, 0x5b, 0xc4),
        "held" => RGBColor(0xe0, 0x7a, 0x3a),
        _ => RGBColor(0xa9, 0xb1, 0xba),
    }
}

/// Joins seconds until there are few enough of them.
fn points(buckets: &[Bucket]) -> Vec<Point> {
    let last = buckets.iter().map(|bucket| bucket.second).max().unwrap_or(0);
    let step = (last / MOST_POINTS as u64 + 1) as usize;
    let slots = last as usize / step + 1;
    let mut sums = vec![[0_u64; 4]; slots];
    for bucket in buckets {
        let sum = &mut sums[bucket.second as usize / step];
        for (sum, more) in
            sum.iter_mut().zip([bucket.applied, bucket.queued, bucket.failed, bucket.waits_ms])
        {
            *sum += more;
        }
    }
    let rate = |count: u64| count as f64 / step as f64;
    let mut points: Vec<Point> = sums
        .iter()
        .enumerate()
        .map(|(at, [applied, queued, failed, waits_ms])| Point {
            second: (at * step) as f64,
            stacked: [rate(*applied), rate(applied + queued), rate(applied + queued + failed)],
            waiting: rate(*waits_ms) / 1000.0,
        })
        .collect();
    if let [only] = points.as_slice() {
        // One point makes no area.
        points.push(Point { second: only.second + 1.0, ..*only });
    }
    points
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn frame<'a, 'b>(
    area: &'a Area<'b>,
    points: &[Point],
    top: f64,
) -> Result<Chart<'a, 'b>, Box<dyn std::error::Error>> {
    let last = points.last().map_or(1.0, |point| point.second);
    let top = if top > 0.0 { top * 1.08 } else { 1.0 };
    let mut chart = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(14)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..last, 0.0..top)?;
    let text = ("sans-serif", 13).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(text)
        .x_labels(8)
        .y_labels(4)
        .x_label_formatter(&|second| clock(*second))
        .y_label_formatter(&|value| short(*value, top))
        .draw()?;
    Ok(chart)
}

/// Seconds since the start, for people.
fn clock(second: f64) -> String {
    let second = second as u64;
    match second {
        0..120 => format!("{second} s"),
        120..7200 => format!("{}:{:02} min", second / 60, second % 60),
        _ => format!("{}:{:02} h", second / 3600, second % 3600 / 60),
    }
}

fn short(value: f64, top: f64) -> String {
    if top < 2.0 { format!("{value:.1}") } else { super::page::grouped(value as u64) }
}

/// Draws into memory. What cannot be drawn is left out: a report without a chart is still one.
fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        if draw(&area).and_then(|()| area.present().map_err(Into::into)).is_err() {
            drop(area);
            return String::new();
        }
    }
    text
}

#[cfg(test)]
mod tests;
