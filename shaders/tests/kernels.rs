//! Every kernel is valid WGSL, stays inside WebGPU's default limits, and has the parameters that the host
//! writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Module, StorageAccess, TypeInner};
use throng_shaders::*;

fn parse(name: &str, source: &str) -> Module {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    module
}

/// Name, [(field, offset)] and size of the struct at `binding`, or of which there is an array.
fn bound(module: &Module, binding: u32) -> (String, Vec<(String, usize)>, usize) {
    let variable = module
        .global_variables
        .iter()
        .map(|(_, variable)| variable)
        .find(|v| v.binding.is_some_and(|bound| bound.binding == binding))
        .unwrap();
    let mut ty = &module.types[variable.ty];
    if let TypeInner::Array { base, .. } = ty.inner {
        ty = &module.types[base];
    }
    let TypeInner::Struct { members, span } = &ty.inner else {
        panic!("binding {binding} is no struct");
    };
    let fields = members
        .iter()
        .map(|member| {
            let inner = &module.types[member.ty].inner;
            assert_eq!(*inner, TypeInner::Scalar(naga::Scalar::U32));
            (member.name.clone().unwrap(), member.offset as usize)
        })
        .collect();
    (ty.name.clone().unwrap(), fields, *span as usize)
}

#[test]
fn every_kernel_validates_and_has_no_import_left() {
    let kernels = all();
    let is_half = |kernel: &&Kernel| kernel.name.ends_with("-half");
    let halves = kernels.iter().filter(is_half).count();
    assert_eq!(kernels.len() - halves, 41 - 7 + 8 + 4 + 3 + 3 + 1 + 1 + 1);
    // Of the kernels without a metric, eight read a matrix; of pairwise, those of bits do not.
    assert_eq!(halves, 8 + 6 + 4 + 3 + 3 + 1 + 1 + 1);
    for kernel in kernels {
        assert!(!kernel.source.contains("//!import"), "{}", kernel.name);
        let module = parse(&kernel.name, &kernel.source);
        let entries: Vec<_> = module
            .entry_points
            .iter()
            .map(|e| e.name.as_str())
            .collect();
        assert_eq!(entries, [kernel.entry], "{}", kernel.name);
    }
}

#[test]
fn pieces_of_one_buffer_are_all_written_or_all_read() {
    let bindings: Vec<u32> = (2..20).collect();
    for kernel in all() {
        let module = parse(&kernel.name, &written(&kernel.source, &bindings));
        for (_, variable) in module.global_variables.iter() {
            if let AddressSpace::Storage { access } = variable.space {
                assert!(access.contains(StorageAccess::STORE), "{}", kernel.name);
            }
        }
    }
    // a, b and the output of pairwise distances: both are only read, or one lies beside the output.
    let pairwise = source(Step::PairwiseDistances, Some(Metric::Dot));
    assert_eq!(written(&pairwise, &[2, 3]), pairwise);
    let module = parse("pairwise", &written(&pairwise, &[3, 4]));
    for (_, variable) in module.global_variables.iter() {
        if let (AddressSpace::Storage { access }, Some(bound)) = (variable.space, &variable.binding)
        {
            let is_written = access.contains(StorageAccess::STORE);
            assert_eq!(is_written, [3, 4].contains(&bound.binding), "{bound:?}");
        }
    }
}

#[test]
fn a_matrix_is_read_as_halves_where_it_is_bound() {
    let wgsl = source(Step::PairwiseDistances, Some(Metric::Dot));
    let half = halved(&wgsl, 3).unwrap();
    parse("b of halves", &half);
    assert!(half.contains("b: array<u32>") && half.contains("float_of_half((b[index / 2u]"));
    assert!(half.contains("a: array<Value>") && half.contains("return a[index];"));
    // The output, the problems and what is not there are no matrices.
    for binding in [4, 5, 6] {
        assert_eq!(halved(&wgsl, binding), None);
    }
}

#[test]
fn an_invalid_kernel_is_refused() {
    let broken = source(Step::RowsScale, None).replace("params.rows", "params.rowz");
    assert!(naga::front::wgsl::parse_str(&broken).is_err());
    // The metric's functions are missing without a metric.
    let without = source(Step::KmeansBatchAssign, None);
    assert!(naga::front::wgsl::parse_str(&without).is_err());
}

#[test]
fn kernels_bind_at_most_eight_storage_buffers_and_small_uniforms() {
    for kernel in all() {
        let module = parse(&kernel.name, &kernel.source);
        let storages = module
            .global_variables
            .iter()
            .filter(|(_, v)| matches!(v.space, AddressSpace::Storage { .. }))
            .count();
        assert!(storages <= 8, "{} binds {storages}", kernel.name);
    }
}

fn assert_layout<P: Params>() {
    let variants: Vec<Option<Metric>> = match P::STEP.metrics() {
        [] => vec![None],
        metrics => metrics.iter().copied().map(Some).collect(),
    };
    for metric in variants {
        let module = parse(P::NAME, &source(P::STEP, metric));
        let (name, fields, size) = bound(&module, 1);
        assert_eq!(name, P::NAME);
        let fields: Vec<_> = fields.iter().map(|(n, o)| (n.as_str(), *o)).collect();
        assert_eq!(fields, P::FIELDS, "{name}");
        assert_eq!(size, size_of::<P>(), "{name}");
        let (_, fields, size) = bound(&module, 0);
        assert_eq!(fields, [("first".to_owned(), 0), ("end".to_owned(), 4)]);
        assert_eq!(size, size_of::<Groups>());
    }
}

#[test]
fn host_and_wgsl_lay_parameters_out_alike() {
    assert_layout::<RowsFiniteParams>();
    assert_layout::<RowsScaleParams>();
    assert_layout::<RowsScatterParams>();
    assert_layout::<PairwiseDistancesParams>();
    assert_layout::<KmeansBatchAssignParams>();
    assert_layout::<KmeansBatchNormsParams>();
    assert_layout::<KmeansBatchProductsParams>();
    assert_layout::<KmeansBatchSettleParams>();
    assert_layout::<KmeansBatchDistancesParams>();
    assert_layout::<KmeansBatchNearestParams>();
    assert_layout::<KmeansBatchPartialsParams>();
    assert_layout::<KmeansBatchCountParams>();
    assert_layout::<KmeansBatchScanParams>();
    assert_layout::<KmeansBatchStartsParams>();
    assert_layout::<KmeansBatchPlaceParams>();
    assert_layout::<KmeansBatchSumsParams>();
    assert_layout::<KmeansBatchRepairParams>();
    assert_layout::<KmeansBatchGatherParams>();
    assert_layout::<KmeansBatchCentroidsParams>();
    assert_layout::<KmeansBatchStatusParams>();
    assert_layout::<KmeansBatchInertiaParams>();
    assert_layout::<KmeansPlusPlusPickParams>();
    assert_layout::<KmeansPlusPlusGatherParams>();
    assert_layout::<KmeansPlusPlusDistancesParams>();
    assert_layout::<KmeansPlusPlusPotentialsParams>();
    assert_layout::<KmeansPlusPlusChooseParams>();
    assert_layout::<KmeansPlusPlusAcceptParams>();
    assert_layout::<KmeansParallelAcceptParams>();
    assert_layout::<KmeansParallelDrawParams>();
    assert_layout::<KmeansParallelWeighParams>();
    assert_layout::<SilhouetteSumsParams>();
    assert_layout::<SilhouetteFinishParams>();
    assert_layout::<SilhouetteSimplifiedParams>();
    assert_layout::<NeighborsDistancesParams>();
    assert_layout::<NeighborsExcludeParams>();
    assert_layout::<NeighborsSelectParams>();
    assert_layout::<NeighborsSortParams>();
    assert_layout::<RadiusCountsParams>();
    assert_layout::<RadiusFillParams>();
    assert_layout::<CeilingFmaParams>();
    assert_layout::<CeilingCopyParams>();
}

/// [(field, offset)] and size of the named struct.
fn table(module: &Module, name: &str) -> (Vec<(String, usize)>, usize) {
    let (_, ty) = module
        .types
        .iter()
        .find(|(_, ty)| ty.name.as_deref() == Some(name))
        .unwrap();
    let TypeInner::Struct { members, span } = &ty.inner else {
        panic!("{name} is no struct");
    };
    let fields = members.iter().map(|member| {
        assert_eq!(module.types[member.ty].inner.size(module.to_ctx()), 4);
        (member.name.clone().unwrap(), member.offset as usize)
    });
    (fields.collect(), *span as usize)
}

fn assert_table<T: Table>(module: &Module) {
    let (fields, size) = table(module, T::NAME);
    let fields: Vec<_> = fields.iter().map(|(n, o)| (n.as_str(), *o)).collect();
    assert_eq!(fields, T::FIELDS, "{}", T::NAME);
    assert_eq!(size, size_of::<T>(), "{}", T::NAME);
}

#[test]
fn host_and_wgsl_lay_tables_out_alike() {
    for &metric in Step::PairwiseDistances.metrics() {
        let text = source(Step::PairwiseDistances, Some(metric));
        assert_table::<PairwiseProblem>(&parse("pairwise", &text));
    }
    let module = parse("repair", &source(Step::KmeansBatchRepair, None));
    assert_table::<BatchProblem>(&module);
    assert_table::<BatchState>(&module);
    assert_table::<BatchCluster>(&module);
    let module = parse("pick", &source(Step::KmeansPlusPlusPick, None));
    assert_table::<BatchSeeding>(&module);
    let text = source(Step::KmeansBatchRepair, None);
    for (name, value) in [
        ("REPEATED", BatchState::REPEATED),
        ("SETTLED", BatchState::SETTLED),
        ("EXHAUSTED", BatchState::EXHAUSTED),
    ] {
        assert!(text.contains(&format!("const {name}: u32 = {value}u;")));
    }
    assert!(text.contains(&format!("const NONE: u32 = {NONE:#x}u;")));
}

#[test]
fn a_swapped_field_is_noticed() {
    let swapped = source(Step::RowsScale, None).replace(
        "    rows: u32,\n    features: u32,",
        "    features: u32,\n    rows: u32,",
    );
    let (_, fields, _) = bound(&parse("swapped", &swapped), 1);
    let fields: Vec<_> = fields.iter().map(|(n, o)| (n.as_str(), *o)).collect();
    assert_ne!(fields, RowsScaleParams::FIELDS);
}

#[test]
fn kernels_have_names_of_their_own() {
    let mut names: Vec<_> = all().into_iter().map(|kernel| kernel.name).collect();
    assert!(names.contains(&"kmeans_batch_assign-sqeuclidean".to_owned()));
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
