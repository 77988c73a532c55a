// Which workgroup of the whole problem this is. A dispatch covers a range of groups (a time slice),
// folded to two dimensions because one dimension holds 65,535 groups only.

struct Groups {
    first: u32,
    end: u32,
}

@group(0) @binding(0) var<uniform> groups: Groups;

fn group_index(id: vec3<u32>, count: vec3<u32>) -> u32 {
    return groups.first + id.y * count.x + id.x;
}

// Larger than every squared distance; infinity is not relied on.
const HUGE: f32 = 3.4e38;
