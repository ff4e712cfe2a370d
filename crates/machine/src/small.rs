//! Small words: the states, arguments and results that control flow may remember.

use crate::Word;

/// A value that fits in a few bits, so that an engine can remember it instead of how it came about.
///
/// `from_word(into_word(x)) == x`, and `into_word` stays below `1 << BITS`.
pub trait Small: Copy + Eq {
    /// How many bits it takes, at most [`SMALL_BITS_MAX`](crate::SMALL_BITS_MAX).
    const BITS: u32;
    /// The value as a word.
    fn into_word(self) -> Word;
    /// The value of a word that `into_word` made.
    fn from_word(word: Word) -> Self;
    /// The value of a word that `into_word` made, as a trace shows it; empty where there is nothing
    /// to say.
    fn show(word: Word) -> String;
}

impl Small for () {
    const BITS: u32 = 0;
    fn into_word(self) -> Word {
        0
    }
    fn from_word(_: Word) {}
    fn show(_: Word) -> String {
        String::new()
    }
}

impl Small for bool {
    const BITS: u32 = 1;
    fn into_word(self) -> Word {
        Word::from(self)
    }
    fn from_word(word: Word) -> bool {
        word & 1 != 0
    }
    fn show(word: Word) -> String {
        if word & 1 != 0 { "yes" } else { "no" }.to_owned()
    }
}

macro_rules! small_number {
    ($($number:ty as $bits:ty),*) => {$(
        impl Small for $number {
            const BITS: u32 = <$number>::BITS;
            fn into_word(self) -> Word {
                Word::from(self as $bits)
            }
            fn from_word(word: Word) -> $number {
                word as $number
            }
            fn show(word: Word) -> String {
                <$number>::from_word(word).to_string()
            }
        }
    )*};
}
small_number!(u8 as u8, i8 as u8, u16 as u16, i16 as u16, u32 as u32, i32 as u32);

impl<T: Small> Small for Option<T> {
    const BITS: u32 = T::BITS + 1;
    fn into_word(self) -> Word {
        self.map_or(0, |value| (value.into_word() << 1) | 1)
    }
    fn from_word(word: Word) -> Option<T> {
        (word & 1 != 0).then(|| T::from_word(word >> 1))
    }
    fn show(word: Word) -> String {
        if word & 1 == 0 { "none".to_owned() } else { T::show(word >> 1) }
    }
}

impl<T: Small, E: Small> Small for Result<T, E> {
    const BITS: u32 = 1 + if T::BITS > E::BITS { T::BITS } else { E::BITS };
    fn into_word(self) -> Word {
        match self {
            Ok(value) => value.into_word() << 1,
            Err(error) => (error.into_word() << 1) | 1,
        }
    }
    fn from_word(word: Word) -> Result<T, E> {
        if word & 1 == 0 { Ok(T::from_word(word >> 1)) } else { Err(E::from_word(word >> 1)) }
    }
    fn show(word: Word) -> String {
        if word & 1 == 0 { T::show(word >> 1) } else { E::show(word >> 1) }
    }
}

impl<A: Small, B: Small> Small for (A, B) {
    const BITS: u32 = A::BITS + B::BITS;
    fn into_word(self) -> Word {
        (self.0.into_word() << B::BITS) | self.1.into_word()
    }
    fn from_word(word: Word) -> (A, B) {
        (A::from_word(word >> B::BITS), B::from_word(word & ((1 << B::BITS) - 1)))
    }
    fn show(word: Word) -> String {
        let shown = [A::show(word >> B::BITS), B::show(word & ((1 << B::BITS) - 1))];
        shown.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl<A: Small, B: Small, C: Small> Small for (A, B, C) {
    const BITS: u32 = A::BITS + B::BITS + C::BITS;
    fn into_word(self) -> Word {
        (self.0, (self.1, self.2)).into_word()
    }
    fn from_word(word: Word) -> (A, B, C) {
        let (a, (b, c)) = <(A, (B, C))>::from_word(word);
        (a, b, c)
    }
    fn show(word: Word) -> String {
        <(A, (B, C))>::show(word)
    }
}

impl<A: Small, B: Small, C: Small, D: Small> Small for (A, B, C, D) {
    const BITS: u32 = A::BITS + B::BITS + C::BITS + D::BITS;
    fn into_word(self) -> Word {
        ((self.0, self.1), (self.2, self.3)).into_word()
    }
    fn from_word(word: Word) -> (A, B, C, D) {
        let ((a, b), (c, d)) = <((A, B), (C, D))>::from_word(word);
        (a, b, c, d)
    }
    fn show(word: Word) -> String {
        <((A, B), (C, D))>::show(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: Small + std::fmt::Debug>(value: T) {
        let word = value.into_word();
        assert!(T::BITS == 0 || word < 1 << T::BITS, "{value:?} is {word:#x}");
        assert_eq!(T::from_word(word), value);
    }

    #[test]
    fn a_word_gives_back_the_value() {
        round_trip(());
        round_trip(true);
        round_trip(-14_i8);
        round_trip(u32::MAX);
        for value in [None, Some(None), Some(Some(7_u8))] {
            round_trip(value);
        }
        round_trip::<Result<u8, i8>>(Ok(200));
        round_trip::<Result<u8, i8>>(Err(-4));
        round_trip((true, -1_i16, 255_u8));
        round_trip((1_u8, Some(-1_i8), false, 9_u16));
    }
}
