// The problem of a workgroup, by where the problems' workgroups begin. The kernel gives
// groups_before(index): the workgroups of the problems before the index-th.

fn problem_of(group: u32, count: u32) -> u32 {
    var low = 0u;
    var high = count;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if groups_before(middle) <= group {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
