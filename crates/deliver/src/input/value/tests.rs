use steadfast_call::dialect::FieldType::{self, Boolean, Date, Integer, Number, String};

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
