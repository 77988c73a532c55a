//! Labels as they come, turned into `0..k`.

/// Numbers the distinct labels from 0 in ascending order.
///
/// Returns the new labels \[n\] and the distinct old ones \[k\]: `classes[new[i] as usize] == labels[i]`.
/// This is scikit-learn's `LabelEncoder`.
pub fn relabel<T: Copy + Ord>(labels: &[T]) -> (Vec<u32>, Vec<T>) {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let new = labels
        .iter()
        .map(|label| classes.partition_point(|class| class < label) as u32)
        .collect();
    (new, classes)
}

#[cfg(test)]
mod tests {
    use super::relabel;

    #[test]
    fn gaps_and_negative_labels_are_numbered_in_order() {
        let (labels, classes) = relabel(&[10_i64, -1, 10, 3, -1]);
        assert_eq!(labels, [2, 0, 2, 1, 0]);
        assert_eq!(classes, [-1, 3, 10]);
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(relabel::<u32>(&[]), (vec![], vec![]));
    }
}
