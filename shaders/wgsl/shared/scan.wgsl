// Sums over the invocations of a workgroup, in their order. The kernel gives threads.

var<workgroup> sh_scan: array<u32, threads>;

// The sum of the values of the invocations before this one; all of them call it. The sum of all is in
// sh_scan[threads - 1] until the next call.
fn scan(local: u32, value: u32) -> u32 {
    // Others may still read the last sum.
    workgroupBarrier();
    sh_scan[local] = value;
    for (var reach = 1u; reach < threads; reach *= 2u) {
        workgroupBarrier();
        var before = 0u;
        if local >= reach {
            before = sh_scan[local - reach];
        }
        workgroupBarrier();
        sh_scan[local] += before;
    }
    workgroupBarrier();
    return sh_scan[local] - value;
}
