//! Plots of an outcome, as SVG.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::outcome::{Outcome, Phase, Row, Second};
use super::tally::Metric;

/// A plot and what it shows.
pub(super) struct Plot {
    pub(super) title: &'static str,
    /// Colours and names of the lines.
    pub(super) legend: Vec<(String, String)>,
    pub(super) svg: String,
}

/// What a plot is made of.
struct Drawn {
    legend: Vec<(String, String)>,
    svg: String,
}

/// A line of a plot.
struct Series {
    name: String,
    color: RGBColor,
    width: u32,
    points: Vec<(f64, f64)>,
}

/// All plots that there is something to show in.
pub(super) fn all(outcome: &Outcome) -> anyhow::Result<Vec<Plot>> {
    let mut plots = Vec::new();
    for (title, plot) in [
        ("Latency by percentile, under load", percentiles(outcome)?),
        (
            "Latency of each second under load (thick: p99, thin: p50)",
            latencies(outcome)?,
        ),
        ("Throughput", throughput(outcome)?),
        ("Sessions", sessions(outcome)?),
        ("Resident memory of the server", memory(outcome)?),
        ("Processors in use", processors(outcome)?),
    ] {
        plots.extend(plot.map(|Drawn { legend, svg }| Plot { title, legend, svg }));
    }
    Ok(plots)
}

fn percentiles(outcome: &Outcome) -> anyhow::Result<Option<Drawn>> {
    let load = outcome.figures.iter();
    let load = load.filter(|figures| figures.phase == Phase::Load);
    let series: Vec<_> = load
        .map(|figures| Series {
            name: figures.title(),
            color: color_of(figures.metric as usize),
            width: 2,
            points: figures
                .curve
                .iter()
                // The slowest of all stands where a percentile of one more of it would.
                .map(|(percentile, ms)| (nines(*percentile, figures.done), ms.max(LEAST_MS)))
                .collect(),
        })
        .filter(|series| series.points.len() > 1)
        .collect();
    let Some((right, top)) = extent(&series) else {
        return Ok(None);
    };
    let bottom = lowest(&series);
    draw(&series, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(70)
            .build_cartesian_2d(
                0.0..right.max(1.0),
                (bottom..top.max(2.0 * bottom)).log_scale(),
            )?;
        chart
            .configure_mesh()
            .max_light_lines(1)
            .bold_line_style(GRID)
            .x_labels(7)
            .x_desc("percentile")
            .y_desc("milliseconds")
            .x_label_formatter(&|nines| percentile_label(*nines))
            .y_label_formatter(&|ms| number(*ms))
            .label_style(FONT)
            .draw()?;
        lines!(chart, &series);
        Ok(())
    })
}

fn latencies(outcome: &Outcome) -> anyhow::Result<Option<Drawn>> {
    let load: Vec<_> = outcome
        .timeline
        .iter()
        .filter(|row| row.phase == Phase::Load)
        .collect();
    let begun = load.first().map_or(0.0, |row| row.at);
    let mut series = Vec::new();
    for metric in metrics(load.iter().copied()) {
        for (width, of) in [
            (2, (|second| second.p99_ms) as fn(&Second) -> f64),
            (1, |second| second.p50_ms),
        ] {
            let points = load.iter().filter_map(|row| {
                let (_, second) = row.metrics.iter().find(|(of, _)| *of == metric)?;
                Some((row.at - begun, of(second).max(LEAST_MS)))
            });
            series.push(Series {
                name: metric.title().to_owned(),
                color: color_of(metric as usize),
                width,
                points: points.collect(),
            });
        }
    }
    let Some((right, top)) = extent(&series) else {
        return Ok(None);
    };
    let bottom = lowest(&series);
    draw(&series, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..right, (bottom..top.max(2.0 * bottom)).log_scale())?;
        chart
            .configure_mesh()
            .max_light_lines(1)
            .bold_line_style(GRID)
            .x_desc("seconds")
            .y_desc("milliseconds")
            .x_label_formatter(&|seconds| number(*seconds))
            .y_label_formatter(&|ms| number(*ms))
            .label_style(FONT)
            .draw()?;
        lines!(chart, &series);
        Ok(())
    })
}

fn throughput(outcome: &Outcome) -> anyhow::Result<Option<Drawn>> {
    let series = metrics(&outcome.timeline).into_iter().map(|metric| Series {
        name: metric.title().to_owned(),
        color: color_of(metric as usize),
        width: 2,
        points: over_time(&outcome.timeline, |row| {
            let found = row.metrics.iter().find(|(of, _)| *of == metric);
            Some(found.map_or(0.0, |(_, second)| second.per_second))
        }),
    });
    over_seconds(&series.collect::<Vec<_>>(), "a second")
}

fn sessions(outcome: &Outcome) -> anyhow::Result<Option<Drawn>> {
    let mut series = vec![
        Series {
            name: "signed in".to_owned(),
            color: color_of(0),
            width: 2,
            points: over_time(&outcome.timeline, |row| Some(row.signed_in as f64)),
        },
        Series {
            name: "in conversations".to_owned(),
            color: color_of(1),
            width: 2,
            points: over_time(&outcome.timeline, |row| Some(row.in_chats as f64)),
        },
    ];
    series.truncate(if outcome.most_in_chats > 0 { 2 } else { 1 });
    over_seconds(&series, "accounts")
}

fn memory(outcome: &Outcome) -> anyhow::Result<Option<Drawn>> {
    let series = [Series {
        name: "server".to_owned(),
        color: color_of(1),
        width: 2,
        points: over_time(&outcome.timeline, |row| {
            Some(row.server_kib? as f64 / 1024.0)
        }),
    }];
    over_seconds(&series, "MiB")
}

fn processors(outcome: &Outcome) -> anyhow::Result<Option<Drawn>> {
    let all = outcome.tool.processors as f64;
    let series = [
        Series {
            name: "the whole machine".to_owned(),
            color: color_of(6),
            width: 2,
            points: over_time(&outcome.timeline, |row| Some(row.machine_busy? * all)),
        },
        Series {
            name: "server".to_owned(),
            color: color_of(1),
            width: 2,
            points: over_time(&outcome.timeline, |row| row.server_processors),
        },
        Series {
            name: "this tool".to_owned(),
            color: color_of(0),
            width: 2,
            points: over_time(&outcome.timeline, |row| row.tool_processors),
        },
    ];
    over_seconds(&series, "processors")
}

// ---- Drawing -----------------------------------------------------------------------------------

/// The lines of a chart, whatever its coordinates.
macro_rules! lines {
    ($chart:ident, $series:expr) => {
        for series in $series {
            let style = series.color.stroke_width(series.width);
            $chart.draw_series(LineSeries::new(series.points.iter().copied(), style))?;
        }
    };
}
use lines;

fn over_seconds(series: &[Series], what: &str) -> anyhow::Result<Option<Drawn>> {
    let Some((right, top)) = extent(series) else {
        return Ok(None);
    };
    draw(series, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..right, 0.0..top * 1.1)?;
        chart
            .configure_mesh()
            .max_light_lines(1)
            .bold_line_style(GRID)
            .x_desc("seconds")
            .y_desc(what)
            .x_label_formatter(&|seconds| number(*seconds))
            .y_label_formatter(&|value| number(*value))
            .label_style(FONT)
            .draw()?;
        lines!(chart, series);
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(
    series: &[Series],
    plot: impl FnOnce(&Area<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Drawn>> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        plot(&area)?;
        area.present()?;
    }
    let mut legend: Vec<_> = series
        .iter()
        .map(|series| {
            let RGBColor(red, green, blue) = series.color;
            let color = format!("#{red:02x}{green:02x}{blue:02x}");
            (color, series.name.clone())
        })
        .collect();
    legend.dedup();
    Ok(Some(Drawn { legend, svg }))
}

fn color_of(number: usize) -> RGBColor {
    COLORS[number % COLORS.len()]
}

/// Which metrics there were.
fn metrics<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Metric> {
    let all = rows.into_iter().flat_map(|row| &row.metrics);
    let mut metrics: Vec<_> = all.map(|(metric, _)| *metric).collect();
    metrics.sort_unstable();
    metrics.dedup();
    metrics
}

fn over_time(rows: &[Row], of: impl Fn(&Row) -> Option<f64>) -> Vec<(f64, f64)> {
    rows.iter()
        .filter_map(|row| Some((row.at, of(row)?)))
        .collect()
}

/// The greatest of each axis; `None` when there is no line to draw.
fn extent(series: &[Series]) -> Option<(f64, f64)> {
    let points = || series.iter().flat_map(|series| &series.points);
    (points().count() > 1).then(|| {
        let right = points().map(|(x, _)| *x).fold(0.1, f64::max);
        let top = points().map(|(_, y)| *y).fold(0.1, f64::max);
        (right, top)
    })
}

/// The bottom of a logarithmic axis.
fn lowest(series: &[Series]) -> f64 {
    let points = series.iter().flat_map(|series| &series.points);
    points.map(|(_, y)| *y).fold(1.0, f64::min).max(LEAST_MS)
}

/// 0 for the fastest, 1 for 90%, 2 for 99% ...
fn nines(percentile: f64, of: u64) -> f64 {
    let rest = (1.0 - percentile / 100.0).max(1.0 / (of as f64 + 1.0));
    -rest.log10()
}

fn percentile_label(nines: f64) -> String {
    let percentile = 100.0 * (1.0 - 10_f64.powf(-nines));
    match nines {
        nines if nines < 1.05 => format!("{percentile:.0}"),
        nines => format!("{percentile:.*}", (nines - 2.0).ceil().max(0.0) as usize),
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        small if small < 1.0 && small > 0.0 => format!("{value:.2}"),
        small if small < 10.0 && value.fract() != 0.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

const WIDTH: u32 = 960;
const HEIGHT: u32 = 340;
const FONT: (&str, u32) = ("sans-serif", 14);
const GRID: RGBColor = RGBColor(210, 214, 220);

/// Nothing is drawn below.
const LEAST_MS: f64 = 0.01;

/// Told apart by people who do not see all colours, too.
const COLORS: [RGBColor; 11] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
    RGBColor(150, 110, 60),
    RGBColor(120, 60, 160),
    RGBColor(0, 90, 70),
    RGBColor(170, 30, 60),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_written_as_people_write_them() {
        let labels = [0.0, 1.0, 1.5, 2.0, 3.0, 4.0].map(percentile_label);
        assert_eq!(labels, ["0", "90", "97", "99", "99.9", "99.99"]);
    }
}
