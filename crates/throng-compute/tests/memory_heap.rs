//! Plans of memory on the CPU, against what its heap really takes. Alone in its process, for its allocator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::operations::{Input, Shape, operations, to_half};
use peak_alloc::PeakAlloc;
use throng_compute::Compute;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Small enough that no result is 32 MiB: from there on they are mapped, and the heap does not see them.
const SHAPES: [Shape; 3] = [
    Shape {
        n: 9_001,
        m: 901,
        d: 40,
        k: 10,
    },
    Shape {
        n: 12_000,
        m: 690,
        d: 48,
        k: 31,
    },
    Shape {
        n: 5_000,
        m: 700,
        d: 130,
        k: 50,
    },
];

/// What each thread may have beside the plan: its blocks, laid out by feature, and their distances from some centroids.
fn beside(shape: Shape) -> f64 {
    24e3 + 250.0 * shape.d as f64
}

#[test]
fn the_heap_takes_what_was_planned() {
    for (threads, shapes) in [(1, &SHAPES[..]), (3, &SHAPES[2..])] {
        let compute = Compute::cpu_with_threads(threads).unwrap();
        for &shape in shapes {
            let input = Input::new(&compute, shape);
            for operation in operations().into_iter().chain([to_half()]) {
                let plan = (operation.plan)(&compute, shape).unwrap().peak() as f64;
                let before = HEAP.current_usage();
                HEAP.reset_peak_usage();
                let made = (operation.run)(&input).unwrap();
                let taken = (HEAP.peak_usage() - before) as f64;
                drop(made);
                let case = format!("{threads} threads, {}, {shape:?}", operation.what);
                let beside = beside(shape) * threads as f64;
                assert!(taken <= 1.05 * plan + beside, "{case}: {taken} of {plan}");
                if threads == 1 && !operation.is_most {
                    assert!(taken >= 0.95 * plan, "{case}: {taken} of {plan}");
                }
            }
        }
    }
}
