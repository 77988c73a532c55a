//! What can go wrong, with the argument at fault.

/// An error of this crate. The message is one line: what, where, what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComputeError {
    /// A value is NaN or infinite.
    #[error(
        "row {row}, column {column} (counted from 0) of {argument} is {value}: only finite numbers can be clustered; fill it or drop the row"
    )]
    NotFinite {
        /// The matrix at fault.
        argument: &'static str,
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// A value is so large that squared distances would overflow 32-bit floats.
    #[error(
        "row {row}, column {column} (counted from 0) of {argument} is {value:e}: magnitudes above 1e16 overflow when squared; rescale this column"
    )]
    TooLarge {
        /// The matrix at fault.
        argument: &'static str,
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// The number of values or of columns is not what the other arguments ask for.
    #[error("{argument} has {found} {unit}, but {expected} are needed")]
    Shape {
        /// The argument at fault.
        argument: &'static str,
        /// What is counted: values, columns, rows.
        unit: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A matrix without columns.
    #[error("the matrix has no columns: at least one feature is needed")]
    NoColumns,
    /// Zero clusters were asked for.
    #[error("k is 0: at least one cluster is needed")]
    NoClusters,
    /// More clusters than rows were asked for.
    #[error("k is {k}, but there are only {rows} rows: ask for at most {rows} clusters")]
    TooManyClusters {
        /// The clusters asked for.
        k: usize,
        /// The rows there are.
        rows: usize,
    },
    /// A problem's rows are not rows of its matrix.
    #[error("rows {first}..{end} were asked for, but the matrix has {rows}")]
    Range {
        /// The first row asked for.
        first: usize,
        /// The one after the last.
        end: usize,
        /// The rows there are.
        rows: usize,
    },
    /// A weight is negative.
    #[error("the weight of row {row} (counted from 0) is {value}: weights are 0 or more")]
    Weight {
        /// The row, from 0.
        row: usize,
        /// Its weight.
        value: f32,
    },
    /// A label is not below k.
    #[error(
        "the label of row {row} (counted from 0) is {label}, but k is {k}: labels are 0 to k - 1"
    )]
    Label {
        /// The row, from 0.
        row: usize,
        /// Its label.
        label: u32,
        /// The number of clusters.
        k: usize,
    },
    /// A silhouette of fewer than two clusters that have rows.
    #[error("a silhouette needs at least two clusters with rows, and there are {found}")]
    TooFewClusters {
        /// The clusters that have rows.
        found: usize,
    },
    /// Sums were asked for before the first assignment.
    #[error("no labels yet: call assign before {wanted}")]
    NotAssigned {
        /// What was asked for.
        wanted: &'static str,
    },
    /// Two matrices live on different devices.
    #[error("the two matrices are on different devices: make both with the same Compute")]
    DifferentDevices,
    /// No adapter of the kind that was asked for.
    #[error("no {wanted} found ({seen}): take --device auto or cpu, or install a driver")]
    NoAdapter {
        /// The kind asked for.
        wanted: &'static str,
        /// What there is instead.
        seen: String,
    },
    /// A device offers less than WebGPU's default limits.
    #[error(
        "the device offers {limit} = {found}, and the kernels need {needed}: request the adapter's limits for it"
    )]
    Limit {
        /// The limit's name in wgpu.
        limit: &'static str,
        /// What the kernels need.
        needed: u64,
        /// What the device was made with.
        found: u64,
    },
    /// Something is too big for one buffer of the device.
    #[error(
        "{what} takes {bytes} bytes, and the device binds {limit} at most: take the CPU, or fewer rows or clusters"
    )]
    TooBig {
        /// What is too big.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The device's limit.
        limit: u64,
    },
    /// A loop is too long for a software adapter that cuts loops off without a word.
    #[error(
        "{step} takes {rounds} rounds of a loop at these sizes, and llvmpipe stops after {limit}: take the CPU"
    )]
    TooLong {
        /// The kernel.
        step: String,
        /// What it takes.
        rounds: usize,
        /// What the adapter does.
        limit: usize,
    },
    /// The device ran out of memory.
    #[error("the device is out of memory in {during}: take the CPU, or fewer rows")]
    OutOfMemory {
        /// The step that failed.
        during: String,
    },
    /// The device was lost (a driver reset, an unplugged GPU) or destroyed.
    #[error("the device was lost in {during}: start again, or take the CPU")]
    DeviceLost {
        /// The step that failed.
        during: String,
    },
    /// The device refused something; a fault of this crate or of the driver.
    #[error("the device failed in {during}: {message}")]
    Device {
        /// The step that failed.
        during: String,
        /// What wgpu says.
        message: String,
    },
    /// The thread pool could not be made.
    #[error("cannot start {threads} threads: {message}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system says.
        message: String,
    },
    /// A name that is not one of the choices.
    #[error("unknown {argument} '{value}': choose one of {choices}")]
    UnknownName {
        /// What was being named.
        argument: &'static str,
        /// The name given.
        value: String,
        /// The names there are.
        choices: &'static str,
    },
}
