//!import shared/groups
//!import shared/part
//!import shared/tile
//!import metric
//!import shared/seeding
//!import shared/problem_of

// What each row's squared distance to the nearest centre would be with each candidate. One workgroup a
// tile of one seeding's rows, a block of 4 * ty_count, and all (at most 4 * tx_count) candidates; rows in
// other parts of x are left to the dispatches over those parts.

struct KmeansPlusPlusDistancesParams {
    seedings: u32,
    features: u32,
    // Which centre this is.
    step: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusDistancesParams;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> candidate_rows: array<f32>;
@group(0) @binding(5) var<storage, read> nearest: array<f32>;
// By row and trial.
@group(0) @binding(6) var<storage, read_write> values: array<f32>;

// Of this workgroup's seeding: its first row in x, those of its rows that are in this part, and its
// candidates.
var<private> row_offset: u32;
var<private> first_here: u32;
var<private> end_here: u32;
var<private> slot: u32;
var<private> trials: u32;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return seedings[index].block_at;
}

fn is_here(row: u32) -> bool {
    return row >= first_here && row < end_here;
}

fn load_a(row: u32, d: u32) -> f32 {
    if !is_here(row) || d >= params.features {
        return 0.0;
    }
    return metric_a(x_at((row_offset + row - params.part_first) * params.features + d), row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= trials || d >= params.features {
        return 0.0;
    }
    return metric_b(candidate_rows[(slot + column) * params.features + d], column);
}

fn keep(seeding: Seeding, row: u32, columns: vec4<u32>, sums: vec4<f32>) {
    if !is_here(row) {
        return;
    }
    let kept = min(sums, vec4<f32>(nearest[seeding.row_at + row]));
    for (var j = 0u; j < 4u; j++) {
        if columns[j] < trials {
            values[seeding.value_at + row * seeding.trials + columns[j]] = kept[j];
        }
    }
}

@compute @workgroup_size(tx_count, ty_count)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= groups.end {
        return;
    }
    let index = problem_of(group, params.seedings);
    let seeding = seedings[index];
    let first = (group - seeding.block_at) * 4u * ty_count;
    let here = rows_in_part(seeding.first, seeding.rows, params.part_first, params.part_end);
    if max(first, here.x) >= min(first + 4u * ty_count, here.y) {
        return;
    }
    row_offset = seeding.first;
    first_here = here.x;
    end_here = here.y;
    slot = index * SLOTS;
    trials = trials_of(index, params.step);

    let block = tile_sums(local.xy, first, 0u, params.features);
    let columns = tile_columns(local.xy, 0u);
    let row = first + local.y;
    keep(seeding, row, columns, block.row_0);
    keep(seeding, row + ty_count, columns, block.row_1);
    keep(seeding, row + 2u * ty_count, columns, block.row_2);
    keep(seeding, row + 3u * ty_count, columns, block.row_3);
}
