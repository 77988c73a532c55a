// 4 * ty_count rows of a against 4 * tx_count rows of b, summed over the features in registers:
// each invocation holds 4 x 4 pairs. Pair (i, j) of an invocation at (tx, ty) is row ty + i * ty_count
// and column tx + j * tx_count. Every pair is summed over its features in order, so its bits do not
// depend on the size of the tile.
//
// The kernel gives load_a(row, feature) and load_b(column, feature), which are 0 outside the matrix;
// the metric gives metric_step.

override tx_count: u32 = 16u;
override ty_count: u32 = 16u;
// A multiple of 4.
override tile_d: u32 = 16u;

// One column more than needed: rows are stored across, and would meet in one memory bank.
override a_stride: u32 = 4u * ty_count + 1u;
override b_stride: u32 = 4u * tx_count + 1u;

var<workgroup> sh_a: array<f32, tile_d * a_stride>;
var<workgroup> sh_b: array<f32, tile_d * b_stride>;

struct Block {
    row_0: vec4<f32>,
    row_1: vec4<f32>,
    row_2: vec4<f32>,
    row_3: vec4<f32>,
}

fn tile_step(sums: Block, local: vec2<u32>, d: u32) -> Block {
    let b_at = d * b_stride + local.x;
    let b = vec4<f32>(
        sh_b[b_at],
        sh_b[b_at + tx_count],
        sh_b[b_at + 2u * tx_count],
        sh_b[b_at + 3u * tx_count],
    );
    let a_at = d * a_stride + local.y;
    return Block(
        metric_step(sums.row_0, sh_a[a_at], b),
        metric_step(sums.row_1, sh_a[a_at + ty_count], b),
        metric_step(sums.row_2, sh_a[a_at + 2u * ty_count], b),
        metric_step(sums.row_3, sh_a[a_at + 3u * ty_count], b),
    );
}

fn tile_sums(local: vec2<u32>, first_a: u32, first_b: u32, features: u32) -> Block {
    let slot = local.y * tx_count + local.x;
    let slots = tx_count * ty_count;
    var block = Block(vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0));
    for (var first_d = 0u; first_d < features; first_d += tile_d) {
        workgroupBarrier();
        // All invocations go round equally often: FXC refuses barriers beside loops whose ends differ.
        for (var first = 0u; first < 4u * ty_count * tile_d; first += slots) {
            let i = first + slot;
            let row = i / tile_d;
            let d = i % tile_d;
            if i < 4u * ty_count * tile_d {
                sh_a[d * a_stride + row] = load_a(first_a + row, first_d + d);
            }
        }
        for (var first = 0u; first < 4u * tx_count * tile_d; first += slots) {
            let i = first + slot;
            let column = i / tile_d;
            let d = i % tile_d;
            if i < 4u * tx_count * tile_d {
                sh_b[d * b_stride + column] = load_b(first_b + column, first_d + d);
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
