//! Where chance comes in. The engine draws nothing itself.

use std::sync::Mutex;

use steadfast_call::Draw;

/// The client's source of random numbers: the thread's own, or one that is seeded, so that a
/// simulation gets the same numbers each time.
#[derive(Debug, Default)]
pub(crate) struct Chance(Option<Mutex<fastrand::Rng>>);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Some(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// A number for a wait with jitter.
    pub(crate) fn draw(&self) -> Draw {
        Draw::new(self.with(fastrand::Rng::f64, fastrand::f64))
    }

    /// A UUID of version 4 (RFC 9562, section 5.4), as text.
    pub(crate) fn uuid(&self) -> String {
        let bits = self.with(|rng| rng.u128(..), || fastrand::u128(..));
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    fn with<T>(&self, seeded: impl FnOnce(&mut fastrand::Rng) -> T, own: impl FnOnce() -> T) -> T {
        match &self.0 {
            None => own(),
            Some(rng) => seeded(&mut rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_each_time() {
        let all = |chance: Chance| {
            let draws: Vec<String> =
                (0..8).map(|_| format!("{:?} {}", chance.draw(), chance.uuid())).collect();
            draws
        };
        let (one, same, other) =
            (all(Chance::seeded(7)), all(Chance::seeded(7)), all(Chance::seeded(8)));
        assert_eq!(one, same);
        assert!(one.iter().zip(&other).all(|(one, other)| one != other));
        let own = Chance::default();
        assert_ne!(own.uuid(), own.uuid());
    }

    #[test]
    fn a_uuid_says_of_itself_that_it_is_random() {
        let uuid = Chance::seeded(1).uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(uuid.as_bytes()[14] == b'4' && b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }
}
