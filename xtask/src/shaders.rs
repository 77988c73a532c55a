//! Every kernel's WGSL: validated, held to WebGPU's floor, and translated for every graphics API.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use naga::back::{PipelineConstants, hlsl, msl, pipeline_constants, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, EntryPoint, Module, ShaderStage};

use crate::cmd;

/// WebGPU's default limits: what every adapter has.
const WORKGROUP_BYTES: u32 = 16 * 1024;
const INVOCATIONS: u32 = 256;
const STORAGE_BUFFERS: usize = 8;

/// Translates every kernel into `out/shaders`.
///
/// # Errors
/// If a kernel does not parse, validate, fit or translate.
pub fn run() -> Result<()> {
    let out = cmd::scratch("shaders")?;
    let kernels = throng_shaders::all();
    if kernels.is_empty() {
        bail!("throng-shaders lists no kernel");
    }
    for kernel in &kernels {
        let written = translate(&kernel.source, kernel.entry, &Default::default())
            .with_context(|| format!("kernel {}", kernel.name))?;
        written.save(&out, &kernel.name)?;
    }
    eprintln!(
        "{} kernels hold in SPIR-V, MSL, HLSL 5.1 and 6.0: out/shaders",
        kernels.len()
    );
    Ok(())
}

/// A kernel in other languages.
#[derive(PartialEq)]
pub struct Translated {
    spirv: Vec<u32>,
    msl: String,
    hlsl_5_1: String,
    hlsl_6_0: String,
}

impl Translated {
    /// Writes it into a folder.
    pub fn save(&self, dir: &Path, kernel: &str) -> Result<()> {
        let name = kernel.replace(['/', ':', ' '], "_");
        let spirv: Vec<u8> = self
            .spirv
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        fs::write(dir.join(format!("{name}.spv")), spirv)?;
        fs::write(dir.join(format!("{name}.metal")), &self.msl)?;
        fs::write(dir.join(format!("{name}.5_1.hlsl")), &self.hlsl_5_1)?;
        fs::write(dir.join(format!("{name}.6_0.hlsl")), &self.hlsl_6_0)?;
        Ok(())
    }
}

/// Translates a kernel with these `override` constants; the others keep their defaults.
///
/// # Errors
/// If it does not parse, validate, fit or translate.
pub fn translate(source: &str, entry: &str, constants: &PipelineConstants) -> Result<Translated> {
    let module = naga::front::wgsl::parse_str(source)
        .map_err(|error| anyhow!(error.emit_to_string(source)))?;
    // No capability beyond the baseline: subgroups and the like may only be a faster path beside it.
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module);
    let info = info.map_err(|error| anyhow!(error.emit_to_string(source)))?;
    let wanted = (ShaderStage::Compute, entry);
    let (module, info) =
        pipeline_constants::process_overrides(&module, &info, Some(wanted), constants)?;
    let point = module
        .entry_points
        .iter()
        .position(|point| (point.stage, &*point.name) == wanted);
    let point = point.with_context(|| format!("no compute entry point `{entry}`"))?;
    hold_to_the_floor(&module, &info, point)?;

    let spirv_options = spv::Options {
        lang_version: (1, 3),
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        ..Default::default()
    };
    let spirv_point = spv::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: entry.to_owned(),
    };
    let spirv =
        spv::write_vec(&module, &info, &spirv_options, Some(&spirv_point)).context("SPIR-V")?;

    let msl_options = msl::Options {
        lang_version: (2, 1),
        zero_initialize_workgroup_memory: false,
        ..Default::default()
    };
    let msl_point = msl::PipelineOptions {
        entry_point: point_of(wanted),
        ..Default::default()
    };
    let (msl, names) =
        msl::write_string(&module, &info, &msl_options, &msl_point).context("MSL")?;
    for name in names.entry_point_names {
        name.context("MSL")?;
    }

    let hlsl_5_1 =
        write_hlsl(&module, &info, hlsl::ShaderModel::V5_1, wanted).context("HLSL 5.1")?;
    let hlsl_6_0 =
        write_hlsl(&module, &info, hlsl::ShaderModel::V6_0, wanted).context("HLSL 6.0")?;
    Ok(Translated {
        spirv,
        msl,
        hlsl_5_1,
        hlsl_6_0,
    })
}

fn write_hlsl(
    module: &Module,
    info: &ModuleInfo,
    shader_model: hlsl::ShaderModel,
    point: (ShaderStage, &str),
) -> Result<String> {
    let options = hlsl::Options {
        shader_model,
        zero_initialize_workgroup_memory: false,
        // Where wgpu's DX12 backend puts the number of workgroups.
        special_constants_binding: Some(hlsl::BindTarget {
            space: 1,
            ..Default::default()
        }),
        ..Default::default()
    };
    let point = hlsl::PipelineOptions {
        entry_point: point_of(point),
    };
    let mut text = String::new();
    let written = hlsl::Writer::new(&mut text, &options, &point).write(module, info, None)?;
    for name in written.entry_point_names {
        name?;
    }
    Ok(text)
}

fn point_of((stage, name): (ShaderStage, &str)) -> Option<(ShaderStage, String)> {
    Some((stage, name.to_owned()))
}

/// Holds an entry point to what every adapter offers.
fn hold_to_the_floor(module: &Module, info: &ModuleInfo, index: usize) -> Result<()> {
    let uses = info.get_entry_point(index);
    let used = || {
        module
            .global_variables
            .iter()
            .filter(|(handle, _)| !uses[*handle].is_empty())
    };
    let workgroup = used().filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
    let bytes: u32 = workgroup
        .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
        .sum();
    if bytes > WORKGROUP_BYTES {
        bail!("{bytes} bytes of workgroup memory, more than WebGPU's {WORKGROUP_BYTES}");
    }
    let EntryPoint { workgroup_size, .. } = module.entry_points[index];
    let invocations: u32 = workgroup_size.iter().product();
    if invocations > INVOCATIONS {
        bail!("{invocations} invocations a workgroup, more than WebGPU's {INVOCATIONS}");
    }
    let buffers = used()
        .filter(|(_, variable)| matches!(variable.space, AddressSpace::Storage { .. }))
        .count();
    if buffers > STORAGE_BUFFERS {
        bail!("{buffers} storage buffers, more than WebGPU's {STORAGE_BUFFERS}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SOURCE: &str = "
override TILE: u32 = 64u;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
var<workgroup> sh_x: array<f32, 1024>;
@compute @workgroup_size(TILE)
fn double(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    sh_x[lane] = x[id.x];
    workgroupBarrier();
    x[id.x] = 2.0 * sh_x[lane];
}";

    fn error(source: &str) -> String {
        format!(
            "{:#}",
            translate(source, "double", &Default::default())
                .map(|_| ())
                .unwrap_err()
        )
    }

    #[test]
    fn a_good_kernel_is_translated_into_all_four() {
        let translated = translate(SOURCE, "double", &Default::default()).unwrap();
        assert_eq!(translated.spirv[0], 0x0723_0203, "SPIR-V's magic number");
        assert!(
            translated.msl.contains("kernel void double"),
            "{}",
            translated.msl
        );
        for hlsl in [translated.hlsl_5_1, translated.hlsl_6_0] {
            assert!(hlsl.contains("[numthreads(64, 1, 1)]"), "{hlsl}");
        }
    }

    #[test]
    fn every_fault_is_found() {
        assert!(error(&SOURCE.replace("x[id.x];", "y[id.x];")).contains("y"));
        assert!(!error(&SOURCE.replace("2.0 *", "2u *")).is_empty());
        assert!(error(&SOURCE.replace("fn double", "fn triple")).contains("double"));
        assert!(error(&SOURCE.replace("64u", "257u")).contains("257 invocations"));
        assert!(error(&SOURCE.replace("1024>", "4097>")).contains("16388 bytes"));
        assert!(error(&SOURCE.replace("u32 = 64u", "u32")).contains("TILE"));
        assert!(
            !error(&format!("enable f16;\n{SOURCE}").replace("x[id.x];", "f32(f16(x[id.x]));"))
                .is_empty()
        );
    }
}
