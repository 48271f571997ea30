//! Numbers that add up, each known by its place in a list.

use super::compact::{put, take};

/// Declares what is summed: an enum whose values are places in [`Sums`].
macro_rules! summed {
    ($(#[$about:meta])+ $kind:ident { $($(#[$each:meta])+ $name:ident,)+ }) => {
        $(#[$about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind {
            $($(#[$each])+ $name,)+
        }

        impl $kind {
            /// Every one. What is kept knows them by their place in this list: with a change of it that is made anew.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];
        }
    };
}
pub(super) use summed;

/// So many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums<const N: usize>(pub(super) [i64; N]);

impl<const N: usize> Default for Sums<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Sums<N> {
    /// Adds others.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(more);
        }
    }

    /// As bytes: for each number that is not 0 its place and its value.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (place, value) in (0_u8..).zip(self.0).filter(|(_, value)| *value != 0) {
            bytes.push(place);
            put(&mut bytes, value);
        }
        bytes
    }

    /// From bytes; what has no place today is left out.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes.iter();
        while let Some(place) = rest.next() {
            let value = take(&mut rest);
            if let Some(known) = found.0.get_mut(usize::from(*place)) {
                *known = value;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_say_the_same_numbers(values in prop::collection::vec((0..40_usize, any::<i64>()), 0..30)) {
            let mut sums = Sums::<40>::default();
            for (place, value) in values {
                sums.0[place] = value;
            }
            prop_assert_eq!(Sums::from_bytes(&sums.to_bytes()), sums);
        }

        #[test]
        fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let sums = Sums::<40>::from_bytes(&bytes);
            prop_assert_eq!(Sums::from_bytes(&sums.to_bytes()), sums);
        }
    }
}
