use steadfast_call::dialect::FieldType::{self, Boolean, Date, DateTime, Integer, Number, String};

use super::from_cell;

#[test]
fn cells_that_are_values() {
    let cases: &[(&str, FieldType, bool, &str)] = &[
        ("12", Number, false, "12"),
        ("12.50", Number, false, "12.50"),
        (" 12.50 ", Number, false, "12.50"),
        ("-0.5", Number, false, "-0.5"),
        ("+3", Number, false, "3"),
        ("007", Number, false, "7"),
        (".5", Number, false, "0.5"),
        ("0.1000000000000000000001", Number, false, "0.1000000000000000000001"),
        ("123456789012345678901234567890", Number, false, "123456789012345678901234567890"),
        ("12,50", Number, true, "12.50"),
        ("12", Number, true, "12"),
        ("42", Integer, false, "42"),
        ("2024-02-29", Date, false, "\"2024-02-29\""),
        ("TRUE", Boolean, false, "true"),
        ("false", Boolean, false, "false"),
        (" Käse ", String, false, "\" Käse \""),
    ];
    for (text, kind, comma, json) in cases {
        let value = from_cell(text, *kind, *comma).expect(text);
        assert_eq!(value.to_string(), *json, "{text}");
    }
}

#[test]
fn cells_that_are_none_say_why_and_what_to_do() {
    let cases: &[(&str, FieldType, bool, &str)] = &[
        ("1,234.50", Number, false, "without thousands separators"),
        ("1.234,50", Number, true, "without thousands separators"),
        ("1,234,567", Number, false, "without thousands separators"),
        ("1 234", Number, false, "without thousands separators"),
        ("1\u{a0}234.5", Number, false, "without thousands separators"),
        ("1'234.50", Number, false, "without thousands separators"),
        ("12,50", Number, false, "--decimal-comma"),
        ("12.50", Number, true, "the decimal sign is the comma"),
        ("1.5E+03", Number, false, "digits may be lost"),
        ("12 EUR", Number, false, "without a unit"),
        ("12EUR", Number, false, "without a unit"),
        ("€12", Number, false, "without a unit"),
        ("n/a", Number, false, "leave the cell empty"),
        ("NaN", Number, false, "leave the cell empty"),
        ("5.", Number, false, "write it as in 12.5"),
        ("-", Number, false, "not a number"),
        ("1.0", Integer, false, "not a whole number"),
        ("31.03.2026", Date, false, "which of its numbers is the month"),
        ("3/4/26", Date, false, "which of its numbers is the month"),
        ("2026-02-30", Date, false, "no day in the calendar"),
        ("2026-03-31T10:00:00", Date, false, "without a time"),
        ("46112", Date, false, "2026-03-31"),
        ("ja", Boolean, false, "neither true nor false"),
    ];
    for (text, kind, comma, reason) in cases {
        let why = from_cell(text, *kind, *comma).expect_err(text);
        assert!(why.contains(reason), "{text}: {why}");
    }
}

#[test]
fn a_long_value_is_shown_short() {
    let why = from_cell(&"x".repeat(5000), Number, false).expect_err("no number");
    assert!(why.len() < 250, "{why}");
}

/// Times keep their hours and minutes, on whatever clock they were written.
#[test]
fn hazard_65_an_instant_keeps_its_time_of_day_and_goes_out_as_utc_milliseconds() {
    for (text, sent) in [
        ("2025-05-21T08:00:00Z", "2025-05-21T08:00:00.000Z"),
        ("2025-05-21T10:00:00+02:00", "2025-05-21T08:00:00.000Z"),
        ("2025-05-21T00:30:00+05:30", "2025-05-20T19:00:00.000Z"),
        ("2025-12-31T23:59:59.999-01:00", "2026-01-01T00:59:59.999Z"),
        (" 2025-05-21 08:00:00.250000Z ", "2025-05-21T08:00:00.250Z"),
        ("2025-05-21t08:00:00.5z", "2025-05-21T08:00:00.500Z"),
        ("1969-12-31T23:59:59.001Z", "1969-12-31T23:59:59.001Z"),
    ] {
        let value = from_cell(text, DateTime, false).expect(text);
        assert_eq!(value, sent, "{text}");
    }
    let why = from_cell("2025-05-21T08:00:00.123456Z", DateTime, false).expect_err("too fine");
    assert!(why.contains("would be lost") && why.contains("three digits"), "{why}");
}

#[test]
fn hazard_65_a_day_alone_is_no_instant_and_does_not_become_midnight() {
    let why = from_cell("2025-05-21", DateTime, false).expect_err("no time");
    assert!(why.contains("as in 2025-05-21T00:00:00Z"), "{why}");
}

#[test]
fn hazard_66_a_local_time_is_refused_and_the_text_says_what_to_write() {
    for text in ["2025-05-21T08:00:00", "2025-05-21 08:00:00", "2025-05-21t08:00:00"] {
        let why = from_cell(text, DateTime, false).expect_err(text);
        assert!(why.contains("which zone") && why.contains(text), "{why}");
        let remedies = ["2025-05-21T08:00:00Z, or", "2025-05-21T08:00:00+01:00"];
        assert!(remedies.iter().all(|remedy| why.contains(remedy)), "{why}");
    }
    for text in ["21.05.2025 08:00", "2025-05-21T08:00:00+99:00", "2025-02-30T08:00:00Z", "now"] {
        let why = from_cell(text, DateTime, false).expect_err(text);
        assert!(why.contains("write day, time and offset as in 2026-03-31T12:00:00Z"), "{why}");
    }
    let why = from_cell("-000001-12-31T08:00:00Z", DateTime, false).expect_err("before 0");
    assert!(why.contains("no year from 0"), "{why}");
}
