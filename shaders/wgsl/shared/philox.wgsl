// Philox4x32-10 (Salmon et al. 2011): random words by counter, the same as the host's.

fn multiply(a: u32, b: u32) -> vec2<u32> {
    // The product's low and high words, by halves: WGSL has no 64 bits.
    let low = (a & 0xffffu) * (b & 0xffffu);
    let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    return vec2<u32>(a * b, (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u));
}

fn philox(counter: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
    var words = counter;
    var key = seed;
    for (var round = 0u; round < 10u; round++) {
        let first = multiply(words.x, 0xd2511f53u);
        let second = multiply(words.z, 0xcd9e8d57u);
        words = vec4<u32>(
            second.y ^ words.y ^ key.x,
            second.x,
            first.y ^ words.w ^ key.y,
            first.x,
        );
        key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return words;
}
