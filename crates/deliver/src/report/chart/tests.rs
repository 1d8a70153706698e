use super::{Bucket, MOST_POINTS, clock, codes, outcomes, points, throughput, waits};

fn second(second: u64) -> Bucket {
    Bucket { second, applied: 10, queued: 5, failed: 1, waits_ms: 2500 }
}

#[test]
fn long_runs_are_drawn_with_few_points_and_the_same_rates() {
    let day: Vec<Bucket> = (0..86_400).map(second).collect();
    let points = points(&day);
    assert!(points.len() <= MOST_POINTS, "{}", points.len());
    assert_eq!(points[3].stacked, [10.0, 15.0, 16.0]);
    assert!((points[3].waiting - 2.5).abs() < 1e-9);
}

#[test]
fn seconds_that_are_left_out_had_nothing_in_them() {
    let points = points(&[second(0), second(4)]);
    let totals: Vec<f64> = points.iter().map(|point| point.stacked[2]).collect();
    assert_eq!(totals, [16.0, 0.0, 0.0, 0.0, 16.0]);
}

#[test]
fn every_chart_is_an_image_even_of_nothing() {
    for buckets in [vec![], vec![second(0)], (0..30).map(second).collect()] {
        for chart in [throughput(&buckets), waits(&buckets)] {
            assert!(chart.starts_with("<svg") && chart.trim_end().ends_with("</svg>"), "{chart}");
            assert!(!chart.contains("NaN"), "{chart}");
        }
    }
    let bar = outcomes(&[(1_000_000, "applied"), (1, "rejected"), (0, "held")]);
    assert_eq!(bar.matches("<rect").count(), 2, "{bar}");
    assert!(codes(&[("A<b>", 3)]).contains("A&lt;b&gt;"));
}

#[test]
fn times_are_short() {
    for (second, text) in [(0.0, "0 s"), (119.0, "119 s"), (125.0, "2:05 min"), (7260.0, "2:01 h")]
    {
        assert_eq!(clock(second), text);
    }
}
