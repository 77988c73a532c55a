//!import shared/groups
//!import shared/problem
//!import shared/problem_of

// Puts the rows in order of their labels, those of a label in order of the rows. One workgroup a block,
// as many rows at a time as invocations.

struct KmeansBatchPlaceParams {
    problems: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchPlaceParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> labels: array<u32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> starts: array<vec2<u32>>;
// [blocks, k] of each problem: the next place of the block's rows, from the cluster's first.
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;
@group(0) @binding(8) var<storage, read_write> order: array<u32>;

override threads: u32 = 256u;

var<workgroup> sh_label: array<u32, threads>;

fn groups_before(index: u32) -> u32 {
    return problems[index].block_groups;
}

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= groups.end {
        return;
    }
    let problem = problems[problem_of(group, params.problems)];
    if states[problem.id].phase != WORKING {
        return;
    }
    let block = group - problem.block_groups;
    let counts_at = problem.count_at + block * problem.k;
    let end = min(problem.rows, (block + 1u) * problem.block_rows);
    for (var first = block * problem.block_rows; first < end; first += threads) {
        let row = first + local.x;
        var label = NONE;
        if row < end {
            if problem.weight_at == NONE || weights[problem.weight_at + row] > 0.0 {
                label = labels[problem.row_at + row];
            }
        }
        sh_label[local.x] = label;
        workgroupBarrier();
        var before = 0u;
        var after = 0u;
        for (var t = 0u; t < threads; t++) {
            if sh_label[t] == label {
                before += select(0u, 1u, t < local.x);
                after += select(0u, 1u, t > local.x);
            }
        }
        var place = 0u;
        if label != NONE {
            place = counts[counts_at + label] + before;
            order[problem.row_at + starts[problem.start_at + label].x + place] = row;
        }
        storageBarrier();
        workgroupBarrier();
        if label != NONE && after == 0u {
            counts[counts_at + label] = place + 1u;
        }
        storageBarrier();
        workgroupBarrier();
    }
}
