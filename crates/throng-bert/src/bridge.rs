//! Burn's tensors in the kernels of throng-compute and back, without a copy: the one place where the two meet.
//!
//! ```
//! use burn::tensor::Tensor;
//! use throng_bert::bridge;
//! use throng_compute::{Compute, PairwiseMetric};
//!
//! # fn main() -> Result<(), throng_bert::BertError> {
//! let compute = Compute::auto();
//! let device = bridge::device(&compute)?;
//! let x = Tensor::<2>::from_floats([[0.0, 0.0], [3.0, 4.0]], &device) * 2.0;
//! let distances: Tensor<2> = bridge::pairwise(&compute, x.clone(), x, PairwiseMetric::Euclidean)?;
//! assert_eq!(distances.into_data().try_into_vec_as::<f32>().unwrap(), [0.0, 10.0, 10.0, 0.0]);
//! # Ok(())
//! # }
//! ```

use std::sync::{Mutex, PoisonError};

#[cfg(feature = "fusion")]
use burn::backend::fusion::{FusionBackend, FusionTensor};
#[cfg(feature = "fusion")]
use burn::backend::wgpu::CubeBackend;
use burn::backend::wgpu::{AutoCompiler, CubeTensor, Wgpu};
use burn::cubecl::wgpu::WgpuServer;
use burn::tensor::wgpu::WgpuSetup;
use burn::tensor::{DType, Device, Tensor, TensorData};
use throng_compute::{
    Compute, ComputeError, HostBuffer, HostDevice, Matrix, PairwiseMetric, pairwise_into,
};

use crate::BertError;

/// Devices that Burn knows already: a registration lasts as long as the program, so each is made once.
static REGISTERED: Mutex<Vec<(HostDevice, Device)>> = Mutex::new(Vec::new());

/// The Burn device that computes where `compute` does: its wgpu device, or the CPU by Flex.
///
/// # Errors
/// If Burn does not take the device.
pub fn device(compute: &Compute) -> Result<Device, BertError> {
    let Some(host) = compute.host_device() else {
        return Ok(Device::flex());
    };
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, device)) = registered
        .iter()
        // wgpu numbers the devices of each instance.
        .find(|(known, _)| known.instance == host.instance && known.device == host.device)
    {
        return Ok(device.clone());
    }
    let setup = WgpuSetup {
        backend: host.adapter.get_info().backend,
        instance: host.instance.clone(),
        adapter: host.adapter.clone(),
        device: host.device.clone(),
        queue: host.queue.clone(),
    };
    let device = Device::wgpu_options()
        .setup(setup)
        .init()
        .map_err(|e| BertError::Device(e.to_string()))?;
    registered.push((host, device.clone()));
    Ok(device)
}

/// A tensor [n, d] of `compute`'s Burn device as a matrix. On wgpu the kernels bind Burn's memory, which Burn neither
/// writes nor gives to others while the matrix lives; a tensor that does not lie row by row, such as a transposed one, is
/// copied there by Burn. On the CPU the values are copied. Blocks until the values are there and looked at.
///
/// # Errors
/// If a value is not finite, with its row; if the tensor is on another device, or on wgpu tracked for gradients (take its
/// `inner()`); if the device fails.
pub fn matrix(compute: &Compute, tensor: Tensor<2>) -> Result<Matrix, BertError> {
    let [rows, cols] = tensor.dims();
    if compute.host_device().is_some() && rows > 0 {
        return Ok(compute.matrix_from_buffer(lend(compute, tensor)?, rows, cols)?);
    }
    check_device(compute, &tensor)?;
    let values = tensor
        .try_into_vec_as::<f32>()
        .map_err(|e| BertError::Device(e.to_string()))?;
    Ok(compute.matrix(&values, rows, cols)?)
}

/// [`throng_compute::pairwise`] of tensors [n, d] and [m, d] of `compute`'s Burn device, as a tensor [n, m] there: on
/// wgpu the kernel reads and writes Burn's memory.
///
/// # Errors
/// Those of [`matrix`]; if the columns differ, or `b` has no rows.
pub fn pairwise(
    compute: &Compute,
    a: Tensor<2>,
    b: Tensor<2>,
    metric: PairwiseMetric,
) -> Result<Tensor<2>, BertError> {
    let device = a.device();
    let shape = [a.dims()[0], b.dims()[0]];
    let (a, b) = (matrix(compute, a)?, matrix(compute, b)?);
    if compute.host_device().is_none() || shape.contains(&0) {
        let distances = throng_compute::pairwise(&a, &b, metric)?.to_vec()?;
        return Ok(Tensor::from_data(
            TensorData::new(distances, shape),
            &device,
        ));
    }
    let out = Tensor::empty(shape, (&device, DType::F32));
    pairwise_into(&a, &b, metric, lend(compute, out.clone())?)?;
    Ok(out)
}

/// Where a tensor of `compute`'s Burn device lies, row by row, in memory that stays Burn's and in place while this or a
/// matrix made from it lives. What Burn has pending for it is submitted.
///
/// # Errors
/// If `compute` is the CPU; if the tensor is on another device, or tracked for gradients; if the device fails.
pub fn lend<const D: usize>(compute: &Compute, tensor: Tensor<D>) -> Result<HostBuffer, BertError> {
    check_device(compute, &tensor)?;
    if !tensor.dtype().is_float() {
        return Err(BertError::Device("a quantized tensor".to_owned()));
    }
    let tensor = tensor.cast(DType::F32);
    let mut cube = resolved(tensor.clone())?;
    if !cube.is_contiguous() {
        // One dimension has one stride.
        let count = tensor.shape().num_elements();
        cube = resolved(tensor.reshape([count]))?;
    }
    let resource = cube
        .client
        .get_resource::<WgpuServer<AutoCompiler>>(cube.handle.clone())
        .map_err(|e| BertError::Device(e.to_string()))?;
    let (buffer, offset) = (
        resource.resource().buffer.clone(),
        resource.resource().offset,
    );
    // The resource keeps the memory in place, the tensor keeps Burn from writing to it.
    Ok(HostBuffer::new(buffer, offset).held_by((resource, cube)))
}

fn check_device<const D: usize>(compute: &Compute, tensor: &Tensor<D>) -> Result<(), BertError> {
    if tensor.device() == device(compute)? {
        Ok(())
    } else {
        Err(ComputeError::DifferentDevices.into())
    }
}

fn resolved<const D: usize>(tensor: Tensor<D>) -> Result<CubeTensor, BertError> {
    let primitive = tensor
        .try_into_primitive::<Wgpu>()
        .map_err(|e| BertError::Device(format!("{e:?}")))?;
    Ok(primitive.resolve())
}

/// What is inside a tensor on wgpu, with fusion or without.
trait Resolve {
    /// The tensor in memory, once all operations that make it are underway.
    fn resolve(self) -> CubeTensor;
}

impl Resolve for CubeTensor {
    fn resolve(self) -> CubeTensor {
        self
    }
}

#[cfg(feature = "fusion")]
impl Resolve for FusionTensor<<CubeBackend as FusionBackend>::FusionRuntime> {
    fn resolve(self) -> CubeTensor {
        let client = self.client.clone();
        client.resolve_tensor_float::<CubeBackend>(self)
    }
}
