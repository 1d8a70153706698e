//! Sums of numbers as they were written, without the error of binary fractions.

use serde_json::Number;

/// A decimal fraction: `digits` × 10^-`places`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    places: u32,
}

impl Decimal {
    fn parse(number: &Number) -> Option<Decimal> {
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let places = u32::try_from(fraction.len()).ok()?;
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Decimal { digits, places })
    }

    fn scaled(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(places.checked_sub(self.places)?)?)
    }

    fn plus(self, other: Decimal) -> Option<Decimal> {
        let places = self.places.max(other.places);
        let digits = self.scaled(places)?.checked_add(other.scaled(places)?)?;
        Some(Decimal { digits, places })
    }

    fn text(self) -> String {
        let sign = if self.digits < 0 { "-" } else { "" };
        let width = self.places as usize + 1;
        let padded = format!("{:0width$}", self.digits.unsigned_abs());
        let (whole, fraction) = padded.split_at(padded.len() - self.places as usize);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }
}

/// `left` less `right`, with the same care.
pub(crate) fn difference(left: &Number, right: &Number) -> Number {
    let text = right.to_string();
    let negated = text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned);
    let negated = serde_json::from_str(&negated).unwrap_or_else(|_| Number::from(0));
    sum([left, &negated].into_iter())
}

/// The exact sum where the numbers are plain decimals of a sane size, else the nearest double.
pub(crate) fn sum<'a>(numbers: impl Iterator<Item = &'a Number> + Clone) -> Number {
    let zero = Decimal { digits: 0, places: 0 };
    let exact = numbers.clone().try_fold(zero, |total, number| total.plus(Decimal::parse(number)?));
    let approximate = || Number::from_f64(numbers.filter_map(Number::as_f64).sum());
    exact
        .and_then(|total| serde_json::from_str(&total.text()).ok())
        .or_else(approximate)
        .unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(texts: &[&str]) -> String {
        let numbers: Vec<Number> =
            texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        sum(numbers.iter()).to_string()
    }

    #[test]
    fn decimals_add_up_exactly() {
        assert_eq!(total(&["0.1", "0.2"]), "0.3");
        assert_eq!(total(&["12.5", "7.5", "1"]), "21");
        assert_eq!(total(&["-0.05", "0.01"]), "-0.04");
        assert_eq!(total(&[]), "0");
    }

    #[test]
    fn a_difference_is_exact_too() {
        let number = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        let less = |left, right| difference(&number(left), &number(right)).to_string();
        assert_eq!(less("0.3", "0.1"), "0.2");
        assert_eq!(less("1", "-2.5"), "3.5");
        assert_eq!(less("0", "0"), "0");
    }

    #[test]
    fn exponents_fall_back_to_doubles() {
        assert_eq!(total(&["1e3", "1"]), "1001.0");
    }
}
