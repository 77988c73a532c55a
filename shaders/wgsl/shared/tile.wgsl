// 4 * ty_count rows of a against 4 * tx_count rows of b, summed over the features in registers:
// each invocation holds 4 x 4 pairs. Pair (i, j) of an invocation at (tx, ty) is row ty + i * ty_count
// and column tx + j * tx_count. Every pair is summed over its features in order, so its bits do not
// depend on the size of the tile.
//
// The kernel gives load_a(row, feature) and load_b(column, feature), which are 0 outside the matrix;
// the metric gives metric_step, and the types: Value of a feature, Value4 of four and of four sums.

override tx_count: u32 = 16u;
override ty_count: u32 = 16u;
// A multiple of 4.
override tile_d: u32 = 16u;

// An invocation's four rows (or columns) of a feature lie together, so that one wide read takes them.
// One place more than needed: eight features of a row are written at once, and would meet in the same
// memory banks.
override a_stride: u32 = ty_count + 1u;
override b_stride: u32 = tx_count + 1u;

var<workgroup> sh_a: array<Value4, tile_d * a_stride>;
var<workgroup> sh_b: array<Value4, tile_d * b_stride>;

struct Block {
    row_0: Value4,
    row_1: Value4,
    row_2: Value4,
    row_3: Value4,
}

fn tile_step(sums: Block, local: vec2<u32>, d: u32) -> Block {
    let a = sh_a[d * a_stride + local.y];
    let b = sh_b[d * b_stride + local.x];
    return Block(
        metric_step(sums.row_0, a.x, b),
        metric_step(sums.row_1, a.y, b),
        metric_step(sums.row_2, a.z, b),
        metric_step(sums.row_3, a.w, b),
    );
}

fn tile_sums(local: vec2<u32>, first_a: u32, first_b: u32, features: u32) -> Block {
    let slot = local.y * tx_count + local.x;
    let slots = tx_count * ty_count;
    var block = Block();
    for (var first_d = 0u; first_d < features; first_d += tile_d) {
        workgroupBarrier();
        // Neighbours read neighbouring features of a row. All invocations go round equally often: FXC refuses
        // barriers beside loops whose ends differ.
        for (var first = 0u; first < ty_count * tile_d; first += slots) {
            let i = first + slot;
            let row = first_a + i / tile_d;
            let d = i % tile_d;
            if i < ty_count * tile_d {
                sh_a[d * a_stride + i / tile_d] = Value4(
                    load_a(row, first_d + d),
                    load_a(row + ty_count, first_d + d),
                    load_a(row + 2u * ty_count, first_d + d),
                    load_a(row + 3u * ty_count, first_d + d),
                );
            }
        }
        for (var first = 0u; first < tx_count * tile_d; first += slots) {
            let i = first + slot;
            let column = first_b + i / tile_d;
            let d = i % tile_d;
            if i < tx_count * tile_d {
                sh_b[d * b_stride + i / tile_d] = Value4(
                    load_b(column, first_d + d),
                    load_b(column + tx_count, first_d + d),
                    load_b(column + 2u * tx_count, first_d + d),
                    load_b(column + 3u * tx_count, first_d + d),
                );
            }
        }
        workgroupBarrier();
        // By fours: features beyond the last are 0 on both sides.
        for (var d = 0u; d < min(tile_d, features - first_d); d += 4u) {
            block = tile_step(block, local, d);
            block = tile_step(block, local, d + 1u);
            block = tile_step(block, local, d + 2u);
            block = tile_step(block, local, d + 3u);
        }
    }
    return block;
}

// The columns of an invocation's four pairs in a row.
fn tile_columns(local: vec2<u32>, first_b: u32) -> vec4<u32> {
    return first_b + local.x + tx_count * vec4<u32>(0u, 1u, 2u, 3u);
}
