// The arg-min of each row of a tile, along the tiles of columns in registers, and then across the
// invocations of a row. Ties go to the lowest column.

struct Nearest {
    distance: f32,
    column: u32,
}

struct NearestFour {
    row_0: Nearest,
    row_1: Nearest,
    row_2: Nearest,
    row_3: Nearest,
}

var<workgroup> sh_distance: array<f32, tx_count * ty_count>;
var<workgroup> sh_column: array<u32, tx_count * ty_count>;

// Columns come in rising order, so a strict comparison keeps the lowest.
fn nearer(best: Nearest, sums: vec4<f32>, columns: vec4<u32>, k: u32) -> Nearest {
    var next = best;
    for (var j = 0u; j < 4u; j++) {
        if columns[j] < k && sums[j] < next.distance {
            next = Nearest(sums[j], columns[j]);
        }
    }
    return next;
}

// The nearest of k columns to an invocation's four rows, among the columns it sees.
fn nearest_columns(local: vec2<u32>, first: u32, k: u32, features: u32) -> NearestFour {
    let none = Nearest(HUGE, 0u);
    var best = NearestFour(none, none, none, none);
    for (var first_b = 0u; first_b < k; first_b += 4u * tx_count) {
        let block = tile_sums(local, first, first_b, features);
        let columns = tile_columns(local, first_b);
        best.row_0 = nearer(best.row_0, block.row_0, columns, k);
        best.row_1 = nearer(best.row_1, block.row_1, columns, k);
        best.row_2 = nearer(best.row_2, block.row_2, columns, k);
        best.row_3 = nearer(best.row_3, block.row_3, columns, k);
    }
    return best;
}

// The nearest of all invocations of a row; right in the first one of each row.
fn nearest_of_row(local: vec2<u32>, own: Nearest) -> Nearest {
    let slot = local.y * tx_count + local.x;
    workgroupBarrier();
    sh_distance[slot] = own.distance;
    sh_column[slot] = own.column;
    workgroupBarrier();
    var best = own;
    if local.x == 0u {
        for (var t = slot + 1u; t < slot + tx_count; t++) {
            let distance = sh_distance[t];
            let column = sh_column[t];
            if distance < best.distance || (distance == best.distance && column < best.column) {
                best = Nearest(distance, column);
            }
        }
    }
    return best;
}
