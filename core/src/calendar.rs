//! The proleptic Gregorian calendar, in days since 2000-01-01. Years are astronomical: 0 is 1 BC.
//!
//! Counts in eras of 400 years that begin on 1 March, so that the leap day is the last of a year.

const DAYS_PER_ERA: i64 = 146_097;
const ERA_START_TO_2000: i64 = 730_425;

/// Year, month and day of a number of days since 2000-01-01.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "days come from an i32, or from an i64 of microseconds: under 2^31"
)]
pub(crate) const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + ERA_START_TO_2000;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// Days since 2000-01-01 of a date; `None` where the calendar has no such day.
pub(crate) fn days_from_civil(year: i32, month: u8, day: u8) -> Option<i64> {
    let days = days_of(i64::from(year), i64::from(month), i64::from(day));
    let date = (i64::from(year), i64::from(month), i64::from(day));
    (civil_from_days(days) == date).then_some(days)
}

#[expect(clippy::arithmetic_side_effects, reason = "the year comes from an i32, the rest from u8")]
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = if month <= 2 { month + 9 } else { month - 3 };
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * DAYS_PER_ERA + day_of_era - ERA_START_TO_2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_an_era_goes_both_ways() {
        let mut day_before = (1599, 12, 31);
        for days in -146_097..=146_097_i64 {
            let (year, month, day) = civil_from_days(days);
            assert!((year, month, day) > day_before);
            day_before = (year, month, day);
            let (year, month, day) = (year.try_into(), month.try_into(), day.try_into());
            assert_eq!(days_from_civil(year.unwrap(), month.unwrap(), day.unwrap()), Some(days));
        }
    }

    #[test]
    fn there_is_no_such_day() {
        for (year, month, day) in
            [(1900, 2, 29), (2001, 4, 31), (2000, 13, 1), (2000, 0, 1), (2000, 1, 0), (0, 255, 255)]
        {
            assert_eq!(days_from_civil(year, month, day), None);
        }
    }
}
