//! What is measured, beside whom, and which marks must be met.

use super::marks::Marks;
use super::turn::Turn;

/// Rows, features, and clusters or rows of the other side.
pub type Shape = [usize; 3];

/// One task on every side.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name on both sides' command lines.
    pub name: &'static str,
    pub metric: Option<&'static str>,
    pub shape: Shape,
    /// Rows for software Vulkan, which is many times slower.
    pub few: usize,
    pub peers: Vec<Peer>,
}

/// Another program that does the task.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub name: &'static str,
    /// We are at least so many times as fast.
    pub speed: f64,
    /// We hold at most this part of its memory, where that is measured.
    pub memory: f64,
    /// How far our value may be from its (relative).
    pub tolerance: f64,
}

/// A task's turns.
pub struct Outcome {
    pub task: Task,
    pub cpu: Turn,
    /// In the order of the task's peers.
    pub peers: Vec<Turn>,
    /// With few rows, with the first peer's turn on the same.
    pub software: [Turn; 2],
}

/// Each with those who have it.
const METRICS: [(&str, &[&str]); 6] = [
    ("sqeuclidean", &["scikit-learn", "scipy"]),
    ("euclidean", &["scikit-learn", "scipy"]),
    ("cosine", &["scikit-learn", "scipy"]),
    ("dot", &["scikit-learn"]),
    ("manhattan", &["scikit-learn", "scipy"]),
    ("chebyshev", &["scipy"]),
];

/// How far a sum of so many terms in 32 bits, as the peers', is off from one in 64 (relative): each addition by half a unit
/// in the last place, up and down.
fn of_sums(terms: usize) -> f64 {
    (terms as f64).sqrt() * f64::from(f32::EPSILON) / 2.0
}

/// Every task.
pub fn all() -> Vec<Task> {
    let peer = |name, speed, tolerance| Peer {
        name,
        speed,
        memory: 0.1,
        tolerance,
    };
    let lloyd = |shape: Shape| Task {
        name: "lloyd",
        metric: None,
        shape,
        few: shape[0] / 16,
        peers: [("scikit-learn", 2.0), ("faiss", 1.5)]
            .map(|(name, speed)| peer(name, speed, of_sums(shape[0])))
            .to_vec(),
    };
    let mut tasks = vec![
        lloyd([100_000, 128, 64]),
        lloyd([100_000, 384, 100]),
        lloyd([1_000_000, 64, 100]),
        Task {
            name: "silhouette",
            metric: None,
            shape: [20_000, 128, 10],
            few: 5_000,
            peers: vec![peer("scikit-learn", 4.0, 1e-5)],
        },
    ];
    for metric in ["sqeuclidean", "dot"] {
        tasks.push(Task {
            name: "top-100",
            metric: Some(metric),
            shape: [100_000, 128, 1_000],
            few: 10_000,
            peers: vec![peer("faiss", 1.0, 1e-4)],
        });
    }
    for (metric, peers) in METRICS {
        tasks.push(Task {
            name: "pairwise",
            metric: Some(metric),
            shape: [8_000, 128, 4_000],
            few: 4_000,
            peers: peers.iter().map(|name| peer(*name, 1.0, 1e-4)).collect(),
        });
    }
    tasks
}

impl Task {
    /// Its name and sizes, for people.
    pub fn title(&self) -> String {
        let [n, d, k] = self.shape;
        match (self.name, self.metric) {
            ("lloyd", _) => format!("Lloyd iteration, n={n}, d={d}, k={k}"),
            (_, None) => format!("exact {}, n={n}, d={d}, k={k}", self.name),
            ("top-100", Some(metric)) => {
                format!("top-100 {metric} of {k} queries, n={n}, d={d}")
            }
            (name, Some(metric)) => format!("{name} {metric}, n={n}, m={k}, d={d}"),
        }
    }

    /// With few rows.
    pub fn small(&self) -> Self {
        let mut small = self.clone();
        small.shape[0] = self.few;
        small
    }

    /// Floating-point operations: two a pair and feature.
    pub fn operations(&self) -> f64 {
        let [n, d, k] = self.shape.map(|size| size as f64);
        match self.name {
            "silhouette" => 2.0 * n * n * d,
            _ => 2.0 * n * d * k,
        }
    }
}

impl Outcome {
    /// Holds our figures to the peers'.
    pub fn hold(&self, marks: &mut Marks) {
        let title = self.task.title();
        for (peer, turn) in self.task.peers.iter().zip(&self.peers) {
            let name = peer.name;
            let what = format!("{title}, times {name}'s speed");
            marks.at_least(&what, turn.seconds / self.cpu.seconds, peer.speed);
            if let (Some(ours), Some(theirs)) = (self.cpu.bytes(), turn.bytes()) {
                let what = format!("{title}, times {name}'s memory");
                marks.at_most(&what, ours / theirs, peer.memory);
            }
            agree(marks, &title, "the CPU", &self.cpu, peer, turn);
        }
        if let Some(peer) = self.task.peers.first() {
            let [software, turn] = &self.software;
            agree(marks, &title, "software Vulkan", software, peer, turn);
        }
    }
}

fn agree(marks: &mut Marks, title: &str, side: &str, ours: &Turn, peer: &Peer, theirs: &Turn) {
    let off = (ours.value - theirs.value).abs();
    let most = peer.tolerance * theirs.value.abs().max(1.0);
    if off.is_nan() || off > most {
        marks.miss(format!(
            "{title}: {side} finds {}, {} {}",
            ours.value, peer.name, theirs.value
        ));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn turn(seconds: f64, value: f64, bytes: f64) -> Turn {
        let text = format!(r#"{{"seconds": {seconds}, "value": {value}, "bytes": {bytes}}}"#);
        Turn::parse(&text).unwrap()
    }

    fn held(cpu: Turn, software: Turn) -> Result<(), String> {
        let theirs = turn(4.0, 100.0, 1e6);
        let task = all().remove(0);
        let mut marks = Marks::default();
        let outcome = Outcome {
            peers: vec![theirs.clone(); task.peers.len()],
            task,
            cpu,
            software: [software, theirs],
        };
        outcome.hold(&mut marks);
        marks.finish().map_err(|error| error.to_string())
    }

    #[test]
    fn speed_memory_and_value_are_held() {
        let good = || turn(2.0, 100.0005, 1e5);
        held(good(), good()).unwrap();
        let slow = held(turn(2.1, 100.0, 1e5), good()).unwrap_err();
        assert!(slow.contains("times scikit-learn's speed: 1.90"), "{slow}");
        assert!(!slow.contains("faiss"), "{slow}");
        let large = held(turn(2.0, 100.0, 1.1e5), good()).unwrap_err();
        assert!(large.contains("times faiss's memory: 0.110"), "{large}");
        let wrong = held(turn(2.0, 100.003, 1e5), good()).unwrap_err();
        assert!(
            wrong.contains("the CPU finds 100.003, scikit-learn 100"),
            "{wrong}"
        );
        let wrong = held(good(), turn(9.0, 99.0, 1e5)).unwrap_err();
        assert!(wrong.contains("software Vulkan finds 99"), "{wrong}");
    }

    #[test]
    fn there_are_rows_enough_for_the_other_side() {
        for task in all() {
            assert!(task.few >= task.shape[2], "{}", task.title());
        }
    }

    #[test]
    fn tasks_are_named_and_counted() {
        let tasks = all();
        assert_eq!(tasks[0].title(), "Lloyd iteration, n=100000, d=128, k=64");
        assert_eq!(tasks[0].operations(), 2.0 * 100_000.0 * 128.0 * 64.0);
        assert_eq!(tasks[3].title(), "exact silhouette, n=20000, d=128, k=10");
        assert_eq!(tasks[3].operations(), 2.0 * 20_000.0 * 20_000.0 * 128.0);
        let dot = tasks
            .iter()
            .find(|task| (task.name, task.metric) == ("pairwise", Some("dot")))
            .unwrap();
        assert_eq!(dot.title(), "pairwise dot, n=8000, m=4000, d=128");
        assert_eq!(dot.peers.len(), 1);
        assert_eq!(dot.small().shape, [4_000, 128, 4_000]);
    }
}
