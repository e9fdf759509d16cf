//! LOC records (RFC 1876, 3), whose text may leave parts out.

use super::{
    form::{Form, Value, Wrong},
    layout::Part,
    words::Word,
};

const SECONDS: Form = Form::Decimal { decimals: 3, min: 0, max: 59_999 };
const SIZE: Form = Form::Decimal { decimals: 2, min: 0, max: 9_000_000_000 };

/// All parts, in the order of the text, with what stands for those that may be left out.
pub(super) const PARTS: [Part; 12] = [
    Part::new("lat_degrees", Form::Number(90)),
    Part::optional("lat_minutes", Form::Number(59), "0"),
    Part::optional("lat_seconds", SECONDS, "0"),
    Part::new("lat_direction", Form::Choice(&["N", "S"])),
    Part::new("long_degrees", Form::Number(180)),
    Part::optional("long_minutes", Form::Number(59), "0"),
    Part::optional("long_seconds", SECONDS, "0"),
    Part::new("long_direction", Form::Choice(&["E", "W"])),
    Part::optional("altitude", Form::Decimal { decimals: 2, min: -10_000_000, max: 4_284_967_295 }, "0"),
    Part::optional("size", SIZE, "1"),
    Part::optional("precision_horz", SIZE, "10000"),
    Part::optional("precision_vert", SIZE, "10"),
];

/// The words of a text with one for each part: minutes and seconds that are left out are filled in, the unit `m` is taken off.
pub(super) fn complete<'a>(words: &[Word<'a>]) -> Vec<Word<'a>> {
    let mut all = words.iter().map(|word| word.written());
    let mut complete: Vec<&'a str> = Vec::with_capacity(PARTS.len());
    for directions in [["N", "S"], ["E", "W"]] {
        let is_direction =
            |word: &str| directions.iter().any(|direction| direction.eq_ignore_ascii_case(word));
        let begin = complete.len();
        for word in all.by_ref() {
            if is_direction(word) {
                complete.resize(complete.len().max(begin + 3), "0");
                complete.push(word);
                break;
            }
            complete.push(word);
        }
    }
    complete.extend(all.map(|word| word.strip_suffix(['m', 'M']).unwrap_or(word)));
    complete.into_iter().map(Word::plain).collect()
}

/// Refuses what lies beyond a pole or the antimeridian; the name of a part says which.
pub(super) fn check(values: &[Value]) -> Result<(), (&'static str, Wrong)> {
    for (index, degrees) in [(0, 90), (4, 180)] {
        let rest = values.get(index + 1..index + 3).unwrap_or_default();
        let is_whole = rest.iter().all(|value| matches!(value, Value::Number(0) | Value::Decimal(0)));
        if values.get(index) == Some(&Value::Number(degrees)) && !is_whole {
            return Err((
                PARTS[index].name,
                format!("must be less than {degrees} if minutes or seconds follow"),
            ));
        }
    }
    Ok(())
}
