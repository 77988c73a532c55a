//! Places for the numbers on the map, near their groups and off each other.

/// Distance at which two numbers do not touch, also when a phone shows them larger.
const ROOM: f64 = 42.0;
/// Distance from which a line back to the group helps.
const FAR: f64 = 14.0;
/// Pushes at most; a few settle the usual map.
const ROUNDS: usize = 300;
/// How far a push leans to the side.
const LEAN: f64 = 0.5;

/// Pushes crowded anchors apart, in the order given, within a picture of this width and height.
pub(super) fn spread(anchors: &[(f64, f64)], (width, height): (f64, f64)) -> Vec<(f64, f64)> {
    let mut spots = anchors.to_vec();
    for _ in 0..ROUNDS {
        let mut moved = false;
        for i in 0..spots.len() {
            for j in i + 1..spots.len() {
                let (dx, dy) = (spots[j].0 - spots[i].0, spots[j].1 - spots[i].1);
                let apart = dx.hypot(dy);
                if apart >= ROOM - 0.01 {
                    continue;
                }
                let push = (ROOM - apart) / 2.0 / apart.max(0.01);
                // Each also leans its own way, so that numbers in one place or on one line get past each other.
                let (x, y) = (j as f64).sin_cos();
                let (x, y) = (dx * push + x * LEAN, dy * push + y * LEAN);
                spots[i] = (spots[i].0 - x, spots[i].1 - y);
                spots[j] = (spots[j].0 + x, spots[j].1 + y);
                moved = true;
            }
        }
        let edge = ROOM / 2.0;
        for spot in &mut spots {
            spot.0 = spot.0.clamp(edge, (width - edge).max(edge));
            spot.1 = spot.1.clamp(edge, (height - edge).max(edge));
        }
        if !moved {
            break;
        }
    }
    spots
}

/// Whether a number went so far that it needs a line back.
pub(super) fn apart(anchor: (f64, f64), spot: (f64, f64)) -> bool {
    (anchor.0 - spot.0).hypot(anchor.1 - spot.1) > FAR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowded_numbers_do_not_touch() {
        let anchors: Vec<(f64, f64)> = (0..20).map(|i| (300.0 + f64::from(i % 3), 200.0)).collect();
        let spots = spread(&anchors, (720.0, 480.0));
        for (i, a) in spots.iter().enumerate() {
            assert!((0.0..=720.0).contains(&a.0) && (0.0..=480.0).contains(&a.1));
            for b in &spots[i + 1..] {
                assert!((a.0 - b.0).hypot(a.1 - b.1) > 30.0, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn roomy_numbers_stay() {
        let anchors = [(100.0, 100.0), (300.0, 100.0)];
        assert_eq!(spread(&anchors, (720.0, 480.0)), anchors);
        assert!(!apart(anchors[0], anchors[0]));
    }
}
