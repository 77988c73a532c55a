// Runs kept dispatches again on Dawn, whose compiler is Tint, and compares what they write.
//
//   node dawn.mjs DAWN.NODE SHADERS RECORDS
//
// Integers must be equal; floats may differ by TOLERANCE of their size, for Tint may add and multiply in one step
// where naga does not. Every kernel of SHADERS must have been run.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const TOLERANCE = 1e-5;
const [dawn, shaders, records] = process.argv.slice(2);
const { create, globals } = createRequire(import.meta.url)(dawn);
Object.assign(globalThis, globals);

// Dawn lives as long as this object.
const gpu = create(['backend=vulkan']);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error('Dawn finds no adapter');
const device = await adapter.requestDevice();
device.addEventListener('uncapturederror', ({ error }) => { throw new Error(error.message); });
console.log(`Dawn on ${adapter.info.description}`);

const sources = new Map(readdirSync(shaders).filter((name) => name.endsWith('.wgsl'))
  .map((name) => [name.slice(0, -5), readFileSync(join(shaders, name), 'utf8')]));

function filled(values, usage) {
  const buffer = device.createBuffer({ size: 4 * values.length, usage: usage | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, new Uint32Array(values));
  return buffer;
}

async function contents(buffer) {
  const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Uint32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return values;
}

// Whether the storage buffer at a binding holds floats.
function isFloat(source, binding) {
  const type = source.match(new RegExp(`@binding\\(${binding}\\)\\s*var<storage[^>]*>\\s*\\w+\\s*:\\s*array<([^;]*)>;`));
  return /f32|vec\df/.test(type?.[1] ?? '');
}

function firstDifference(got, want, floats) {
  const asFloats = [new Float32Array(got.buffer), new Float32Array(new Uint32Array(want).buffer)];
  return want.findIndex((bits, i) => {
    if (got[i] === bits) return false;
    const [a, b] = asFloats.map((values) => values[i]);
    return !(floats && Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b)));
  });
}

const ran = new Set();
let [dispatches, values, equal] = [0, 0, 0];
for (const name of readdirSync(records).sort()) {
  const record = JSON.parse(readFileSync(join(records, name), 'utf8'));
  const source = sources.get(record.kernel);
  if (!source) throw new Error(`no kernel ${record.kernel}`);
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: source }), entryPoint: 'main', constants: record.constants },
  });
  const storage = record.buffers.map(({ before }) => filled(before, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC));
  const uniforms = [[0, record.groups], record.params].map((words) => filled(words, GPUBufferUsage.UNIFORM));
  const bindings = [...uniforms.map((buffer, i) => [i, buffer]), ...record.buffers.map(({ binding }, i) => [binding, storage[i]])];
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: bindings.map(([binding, buffer]) => ({ binding, resource: { buffer } })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  const wide = Math.min(record.groups, device.limits.maxComputeWorkgroupsPerDimension);
  pass.dispatchWorkgroups(wide, Math.ceil(record.groups / wide));
  pass.end();
  device.queue.submit([encoder.finish()]);
  for (const [i, { binding, after }] of record.buffers.entries()) {
    const got = await contents(storage[i]);
    const at = firstDifference(got, after, isFloat(source, binding));
    if (at >= 0) throw new Error(`${name}: binding ${binding}, value ${at}: ${got[at]} on Dawn, ${after[at]} on wgpu (bits)`);
    values += after.length;
    equal += after.filter((bits, k) => bits === got[k]).length;
  }
  for (const buffer of [...storage, ...uniforms]) buffer.destroy();
  ran.add(record.kernel);
  dispatches++;
}
const missing = [...sources.keys()].filter((name) => !ran.has(name));
if (missing.length) throw new Error(`no dispatch was kept of ${missing.join(', ')}`);
console.log(`${dispatches} dispatches of ${ran.size} kernels give the same on Dawn: ${equal} of ${values} values bit for bit`);
process.exit(0);
