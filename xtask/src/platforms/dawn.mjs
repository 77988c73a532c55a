// Runs kept dispatches again on Dawn, whose compiler is Tint, and compares what they write.
//
//   node dawn.mjs DAWN.NODE RECORDS
//
// Integers must be equal; floats may differ by TOLERANCE of their size, for Tint may add and multiply in one step
// where naga does not.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const TOLERANCE = 1e-5;
// Buffers whose values come in any order, by kernel: compared as sets.
const UNORDERED = { kmeans_parallel_draw: 5, kmeans_batch_products: 8, 'kmeans_batch_products-half': 8 };
const [dawn, records] = process.argv.slice(2);
const { create, globals } = createRequire(import.meta.url)(dawn);
Object.assign(globalThis, globals);

// Dawn lives as long as this object.
const gpu = create(['backend=vulkan']);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error('Dawn finds no adapter');
const device = await adapter.requestDevice();

async function guarded(work) {
  device.pushErrorScope('validation');
  const result = await work();
  const error = await device.popErrorScope();
  if (error) throw new Error(error.message);
  return result;
}

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

// For each of a type's 32-bit values whether it is a float. Aliases and structs are looked up; arrays repeat.
function floats(source, type) {
  const [, outer, inner] = type.match(/^(\w+)(?:<\s*(.*?)\s*(?:,[^<>]*)?>)?$/) ?? [];
  if (outer === 'array' || outer === 'atomic') return floats(source, inner);
  if (/^(u32|i32|f32)$/.test(type)) return [type === 'f32'];
  if (/^vec[234]$/.test(outer)) return Array(Number(outer[3])).fill(inner === 'f32');
  const alias = source.match(new RegExp(`alias ${type} = ([^;]+);`));
  if (alias) return floats(source, alias[1].trim());
  const fields = source.match(new RegExp(`struct ${type} \\{([^}]*)\\}`))?.[1].replace(/\/\/.*/g, '');
  if (!fields) throw new Error(`no type ${type}`);
  return [...fields.matchAll(/\w+\s*:\s*([^,\n]+),/g)].flatMap(([, field]) => floats(source, field.trim()));
}

function typeAt(source, binding) {
  const declared = source.match(new RegExp(`@binding\\(${binding}\\)\\s*var<storage[^>]*>\\s*\\w+\\s*:\\s*([^;]+);`));
  if (!declared) throw new Error(`nothing is declared at binding ${binding}`);
  return declared[1].trim();
}

function firstDifference(got, want, isFloat) {
  const asFloats = [new Float32Array(got.buffer), new Float32Array(new Uint32Array(want).buffer)];
  return want.findIndex((bits, i) => {
    if (got[i] === bits) return false;
    const [a, b] = asFloats.map((values) => values[i]);
    return !(isFloat[i % isFloat.length] && Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.min(Math.abs(a), Math.abs(b))));
  });
}

const pipelines = new Map();

async function pipelineOf(record, source) {
  const key = JSON.stringify([record.source, record.constants]);
  if (!pipelines.has(key)) {
    const module = device.createShaderModule({ code: source });
    const compute = { module, entryPoint: 'main', constants: record.constants };
    pipelines.set(key, await device.createComputePipelineAsync({ layout: 'auto', compute }));
  }
  return pipelines.get(key);
}

async function run(record, source) {
  const storage = record.buffers.map(({ before }) => filled(before, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC));
  const uniforms = [[0, record.groups], record.params].map((words) => filled(words, GPUBufferUsage.UNIFORM));
  await guarded(async () => {
    const pipeline = await pipelineOf(record, source);
    const bindings = [...uniforms.entries(), ...record.buffers.map(({ binding }, i) => [binding, storage[i]])];
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
  });
  const written = [];
  for (const buffer of storage) written.push(await contents(buffer));
  for (const buffer of [...storage, ...uniforms]) buffer.destroy();
  return written;
}

// What Dawn writes otherwise than the record says; nothing if all is the same.
function difference({ kernel, buffers }, source, written) {
  for (let [i, { binding, after }] of buffers.entries()) {
    let got = written[i];
    if (UNORDERED[kernel] === binding) [got, after] = [got.toSorted(), after.toSorted((a, b) => a - b)];
    const at = firstDifference(got, after, floats(source, typeAt(source, binding)));
    if (at >= 0) return `binding ${binding}, value ${at}: ${got[at]} on Dawn, ${after[at]} on wgpu (bits)`;
  }
}

let [dispatches, values, equal, wrong] = [0, 0, 0, 0];
for (const name of readdirSync(records).filter((name) => name.endsWith('.json')).sort()) {
  const record = JSON.parse(readFileSync(join(records, name), 'utf8'));
  let why;
  try {
    const source = readFileSync(join(records, record.source), 'utf8');
    const written = await run(record, source);
    why = difference(record, source, written);
    for (const [i, { after }] of record.buffers.entries()) {
      values += after.length;
      equal += after.filter((bits, k) => bits === written[i][k]).length;
    }
    // The comparison itself: one other exponent must be noticed.
    record.buffers.at(-1).after[0] ^= 1 << 30;
    if (!why && !difference(record, source, written)) why = 'a planted fault was not noticed';
  } catch (error) {
    why = error.message;
  }
  if (why) {
    console.log(`${name}: ${why}`);
    wrong++;
  }
  dispatches++;
}
const isRight = wrong === 0 && dispatches > 0;
if (isRight) {
  console.log(`${dispatches} dispatches by ${pipelines.size} variants give the same on Dawn, on `
    + `${adapter.info.description}: ${equal} of ${values} values bit for bit`);
}
// Dawn does not survive the end of its objects.
process.exit(isRight ? 0 : 1);
