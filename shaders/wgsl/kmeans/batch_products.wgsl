//!import shared/groups
//!import shared/part
//!import shared/problem
//!import shared/problem_of

// Each row's nearest centroid in a batch of problems by |c|^2 / 2 - xc, one multiply-add a feature and pair where
// batch_assign's |x - c|^2 takes two operations. Rounding may put near ones in the wrong order. Where a proven bound does
// not part a row's two best, both are handed on to batch_distances, which compares them by |x - c|^2; where it does not
// part them from a third, the row is left open, for batch_settle.
//
// One workgroup a tile of 64 rows of one problem, 16 x 8 invocations, each with 8 rows by 8 columns in registers:
// rows y + 8 i and columns x + 16 j of a tile of 128 columns. With 4 by 4 a pair would take twice as many reads of
// workgroup memory.

struct KmeansBatchProductsParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
    // 1 for the labels of the final centroids, when all problems are done.
    is_final: u32,
    // Where the halves of the centroids' squared lengths begin, behind the centroids.
    norms_at: u32,
    // Where the lists of rows begin, behind the problems' counts.
    lists_at: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchProductsParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> centroids: array<f32>;
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;
// By problem.
@group(0) @binding(7) var<storage, read_write> changed: array<atomic<u32>>;
// How many rows of each problem are left open, and which, in any order.
@group(0) @binding(8) var<storage, read_write> open_rows: array<atomic<u32>>;
// By row: two columns of 16 bits, the lower one first, where it is one of the two, else NONE. Where the distances will be.
@group(0) @binding(9) var<storage, read_write> pairs: array<u32>;

// Invocations in a row, and rows of them.
const WIDTH: u32 = 16u;
const HEIGHT: u32 = 8u;
const ROWS: u32 = 64u;
const COLUMNS: u32 = 128u;
// Features in workgroup memory at a time: an invocation loads one of four rows and of eight columns.
const DEPTH: u32 = 8u;
const EPSILON: f32 = 1.1920929e-7;
// Columns of 16 bits, two of which never look like NONE.
const MOST_PAIRED: u32 = 65535u;

// By feature, then four rows 8 apart, or four columns 16 apart, together, so that one wide read takes them; a place more
// than needed: eight features are written at once, and would meet in the same memory banks. In the end the lowest and the
// second lowest scores of four rows, by column and row of invocations.
const A_PLACES: u32 = 17u;
const B_PLACES: u32 = 33u;
var<workgroup> sh_a: array<vec4<f32>, 136>;
var<workgroup> sh_b: array<vec4<f32>, 264>;
var<workgroup> sh_columns: array<vec4<u32>, 128>;

var<workgroup> sh_changed: atomic<u32>;

// Of this workgroup's problem.
var<private> k: u32;
var<private> centroid_offset: u32;

// Of four rows with four columns, a column's in a column of the matrix: of the first and the last four rows with the first
// and the last four columns.
struct Sums {
    low_left: mat4x4<f32>,
    high_left: mat4x4<f32>,
    low_right: mat4x4<f32>,
    high_right: mat4x4<f32>,
}

// The two lowest scores of four rows 8 apart among an invocation's columns, and where the lowest are.
struct Tops {
    best: vec4<f32>,
    second: vec4<f32>,
    columns: vec4<u32>,
}

// The three lowest of a row among all columns, and where the first two are; NONE where that is not known.
struct Three {
    best: f32,
    second: f32,
    third: f32,
    best_column: u32,
    second_column: u32,
}

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return problems[index].tile_groups;
}

// A feature of four rows; beyond the last feature the last one, which load_columns answers with 0.
fn load_rows(at: vec4<u32>, feature: u32) -> vec4<f32> {
    let i = at + min(feature, params.features - 1u);
    return vec4<f32>(x_at(i.x), x_at(i.y), x_at(i.z), x_at(i.w));
}

fn load_columns(first: u32, feature: u32) -> vec4<f32> {
    let columns = min(first + WIDTH * vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(k - 1u));
    let i = (centroid_offset + columns) * params.features + min(feature, params.features - 1u);
    let values = vec4<f32>(centroids[i.x], centroids[i.y], centroids[i.z], centroids[i.w]);
    return select(vec4<f32>(0.0), values, feature < params.features);
}

fn load_norms(columns: vec4<u32>) -> vec4<f32> {
    let i = params.norms_at + centroid_offset + min(columns, vec4<u32>(k - 1u));
    return vec4<f32>(centroids[i.x], centroids[i.y], centroids[i.z], centroids[i.w]);
}

fn products(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(a * b.x, a * b.y, a * b.z, a * b.w);
}

fn add_feature(sums: ptr<function, Sums>, local: vec2<u32>, d: u32) {
    let low = sh_a[d * A_PLACES + local.y];
    let high = sh_a[d * A_PLACES + HEIGHT + local.y];
    let left = sh_b[d * B_PLACES + local.x];
    let right = sh_b[d * B_PLACES + WIDTH + local.x];
    (*sums).low_left += products(low, left);
    (*sums).high_left += products(high, left);
    (*sums).low_right += products(low, right);
    (*sums).high_right += products(high, right);
}

fn with_column(tops: Tops, scores: vec4<f32>, column: u32) -> Tops {
    return Tops(
        min(tops.best, scores),
        min(tops.second, max(tops.best, scores)),
        select(tops.columns, vec4<u32>(column), scores < tops.best),
    );
}

fn with_columns(tops: Tops, norms: vec4<f32>, sums: mat4x4<f32>, columns: vec4<u32>) -> Tops {
    let starts = select(vec4<f32>(HUGE), norms, columns < vec4<u32>(k));
    var next = with_column(tops, starts.x - sums[0], columns.x);
    next = with_column(next, starts.y - sums[1], columns.y);
    next = with_column(next, starts.z - sums[2], columns.z);
    return with_column(next, starts.w - sums[3], columns.w);
}

fn with_score(three: Three, score: f32, column: u32) -> Three {
    let is_best = score < three.best;
    let is_second = score < three.second;
    return Three(
        min(three.best, score),
        min(three.second, max(three.best, score)),
        min(three.third, max(three.second, score)),
        select(three.best_column, column, is_best),
        select(select(three.second_column, column, is_second), three.best_column, is_best),
    );
}

// Takes the lowest scores of half the tile's rows from all invocations to those with the slots of these rows. An
// invocation's third is not known; but it is no lower than its second, whose column is not known either.
fn gathered(three: Three, own: Tops, slot: u32, local: vec2<u32>, half: u32) -> Three {
    let at = local.x * HEIGHT + local.y;
    workgroupBarrier();
    sh_a[at] = own.best;
    sh_b[at] = own.second;
    sh_columns[at] = own.columns;
    workgroupBarrier();
    var next = three;
    if slot / (ROWS / 2u) == half {
        let i = slot / HEIGHT % 4u;
        for (var t = slot % HEIGHT; t < slot % HEIGHT + WIDTH * HEIGHT; t += HEIGHT) {
            next = with_score(next, sh_a[t][i], sh_columns[t][i]);
            next = with_score(next, sh_b[t][i], NONE);
        }
    }
    return next;
}

@compute @workgroup_size(16, 8)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local_id: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= groups.end {
        return;
    }
    let problem = problems[problem_of(group, params.problems)];
    if params.is_final == 0u && states[problem.id].phase != WORKING {
        return;
    }
    // The tile's rows in this part.
    let tile_first = (group - problem.tile_groups) * ROWS;
    let here = rows_in_part(problem.first, problem.rows, params.part_first, params.part_end);
    let first = max(tile_first, here.x);
    let end = min(tile_first + ROWS, here.y);
    if first >= end {
        return;
    }
    k = problem.k;
    centroid_offset = problem.cluster_at;
    let local = local_id.xy;
    let slot = local.y * WIDTH + local.x;
    let part_at = problem.first - params.part_first;

    // What this invocation loads: one feature of four rows and of eight columns.
    let own_d = slot % DEPTH;
    let place = slot / DEPTH;
    let own_first = tile_first + place % HEIGHT + ROWS / 2u * (place / HEIGHT);
    let own_rows = own_first + HEIGHT * vec4<u32>(0u, 1u, 2u, 3u);
    // Rows outside this part are not written: any others do.
    let rows_at = (part_at + clamp(own_rows, vec4<u32>(first), vec4<u32>(end - 1u))) * params.features;

    if slot == 0u {
        atomicStore(&sh_changed, 0u);
    }
    // |x|^2 of the four rows, of the features that this invocation loads.
    var squares = vec4<f32>(0.0);
    let none = Tops(vec4<f32>(HUGE), vec4<f32>(HUGE), vec4<u32>(0u));
    var low = none;
    var high = none;
    // Of |c|^2 / 2.
    var longest = 0.0;
    for (var first_b = 0u; first_b < problem.k; first_b += COLUMNS) {
        var sums = Sums();
        for (var first_d = 0u; first_d < params.features; first_d += DEPTH) {
            let a = load_rows(rows_at, first_d + own_d);
            let left = load_columns(first_b + place, first_d + own_d);
            let right = load_columns(first_b + COLUMNS / 2u + place, first_d + own_d);
            if first_b == 0u && first_d + own_d < params.features {
                squares += a * a;
            }
            workgroupBarrier();
            sh_a[own_d * A_PLACES + place] = a;
            sh_b[own_d * B_PLACES + place] = left;
            sh_b[own_d * B_PLACES + WIDTH + place] = right;
            workgroupBarrier();
            // As a loop it took an H100 a fifth longer.
            add_feature(&sums, local, 0u);
            add_feature(&sums, local, 1u);
            add_feature(&sums, local, 2u);
            add_feature(&sums, local, 3u);
            add_feature(&sums, local, 4u);
            add_feature(&sums, local, 5u);
            add_feature(&sums, local, 6u);
            add_feature(&sums, local, 7u);
        }
        let left = first_b + local.x + WIDTH * vec4<u32>(0u, 1u, 2u, 3u);
        let right = left + COLUMNS / 2u;
        let left_norms = load_norms(left);
        let right_norms = load_norms(right);
        low = with_columns(with_columns(low, left_norms, sums.low_left, left), right_norms, sums.low_right, right);
        high = with_columns(with_columns(high, left_norms, sums.high_left, left), right_norms, sums.high_right, right);
        let larger = max(left_norms, right_norms);
        longest = max(longest, max(max(larger.x, larger.y), max(larger.z, larger.w)));
    }

    // From here on the first half of the invocations have a row each, that of their slot.
    var top = Three(HUGE, HUGE, HUGE, 0u, NONE);
    top = gathered(top, low, slot, local, 0u);
    top = gathered(top, high, slot, local, 1u);
    workgroupBarrier();
    sh_a[own_d * A_PLACES + place] = squares;
    sh_b[slot] = vec4<f32>(longest);
    workgroupBarrier();
    var square = 0.0;
    for (var d = 0u; d < DEPTH; d++) {
        square += sh_a[d * A_PLACES + slot / (ROWS / 2u) % 2u * HEIGHT + slot % HEIGHT][slot / HEIGHT % 4u];
    }
    for (var t = 0u; t < WIDTH; t++) {
        longest = max(longest, sh_b[t].x);
    }

    // With u = eps / 2, the longest centroid C and D = |x - c|^2 of the best, a score is off by at most
    // (d + 2) u (|x| C + C^2 / 2), and half of a D by (d + 2) u D / 2 (Higham 2002, 3.1). Two scores that are further
    // apart than 2 (d + 2) u (|x| C + C^2 / 2) + (d + 2) u D are in the order of the distances as batch_assign rounds
    // them. D / 2 is |x|^2 / 2 and the score. The rest covers the rounding of the bound.
    let half_distance = max(0.0, 0.5 * square + top.best);
    let reach = sqrt(2.0 * longest * square) + longest + half_distance;
    let margin = f32(params.features + 8u) * EPSILON * (1.01 * reach + 1e-30);
    let row = tile_first + slot;
    if slot < ROWS && row >= first && row < end {
        let at = problem.row_at + row;
        var pair = NONE;
        if top.second - top.best > margin {
            if labels[at] != top.best_column {
                atomicAdd(&sh_changed, 1u);
            }
            labels[at] = top.best_column;
        } else if top.third - top.best > margin && top.second_column != NONE && k <= MOST_PAIRED {
            let low = min(top.best_column, top.second_column);
            pair = low | (max(top.best_column, top.second_column) << 16u);
        } else {
            let open = atomicAdd(&open_rows[problem.id], 1u);
            atomicStore(&open_rows[params.lists_at + problem.row_at + open], row);
        }
        pairs[at] = pair;
    }
    workgroupBarrier();
    if slot == 0u {
        // Integers add up to the same in any order.
        atomicAdd(&changed[problem.id], atomicLoad(&sh_changed));
    }
}
