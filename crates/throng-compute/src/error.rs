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
    /// A value is larger than 16-bit floats are.
    #[error(
        "row {row}, column {column} (counted from 0) of the matrix is {value:e}: 16-bit floats end at 65504; rescale this column"
    )]
    TooLargeForHalf {
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
    /// A problem of a batch takes rows that are not there.
    #[error(
        "problem {problem} (counted from 0) takes the rows {start}..{end} of {argument}, which has {rows} rows"
    )]
    Range {
        /// The matrix at fault.
        argument: &'static str,
        /// The problem, from 0.
        problem: usize,
        /// The first row asked for.
        start: usize,
        /// The row after the last asked for.
        end: usize,
        /// The rows there are.
        rows: usize,
    },
    /// A packed row has bits set beyond its last.
    #[error(
        "row {row} (counted from 0) has a bit set beyond its {bits} bits: pack with numpy.packbits(x, axis=1), which fills up with zeros, or give the right number of bits"
    )]
    Padding {
        /// The row, from 0.
        row: usize,
        /// Bits of a row.
        bits: usize,
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
    Rows {
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
    /// There is nothing to be near to.
    #[error("k is {k}, but there are no items: give some")]
    NoItems {
        /// The neighbours asked for.
        k: usize,
    },
    /// A number of neighbours that cannot be had.
    #[error("k is {k}, but there are {items} items: ask for 1 to {} neighbours", (*items).min(crate::MOST_NEIGHBORS))]
    Neighbors {
        /// The neighbours asked for.
        k: usize,
        /// The items there are.
        items: usize,
    },
    /// A pair to exclude names a row that is not there.
    #[error(
        "pair {row} (counted from 0) of exclude names row {index} of {argument}, which has {rows} rows"
    )]
    PairOutOfRange {
        /// The pair, from 0.
        row: usize,
        /// Queries or items.
        argument: &'static str,
        /// The row named.
        index: u32,
        /// The rows there are.
        rows: usize,
    },
    /// A radius that is no finite number.
    #[error("the radius is {radius}: give a finite number")]
    Radius {
        /// The radius.
        radius: f32,
    },
    /// Sums were asked for before the first assignment.
    #[error("no labels yet: call assign before {wanted}")]
    NotAssigned {
        /// What was asked for.
        wanted: &'static str,
    },
    /// A row is put where there is none, or where one is already.
    #[error(
        "no place for row {row} (counted from 0): of {rows} rows it is put once, and each is put"
    )]
    Place {
        /// The row.
        row: usize,
        /// The rows of the matrix.
        rows: usize,
    },
    /// A host's buffer cannot be used as it is.
    #[error("the buffer cannot hold a matrix: {problem}")]
    HostBuffer {
        /// What is wrong with it.
        problem: &'static str,
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
    /// More memory would be held than [the cap](crate::Compute::with_memory_cap) allows, however the work is cut.
    #[error(
        "{what} takes {needed} bytes of memory at least, and {left} are left of the cap of {cap}: raise the cap, or take fewer rows or clusters"
    )]
    MemoryCap {
        /// The operation, or what has no room.
        what: &'static str,
        /// The least it takes.
        needed: u64,
        /// What is not held by others.
        left: u64,
        /// The cap.
        cap: u64,
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
    /// A [`Watch`](crate::Watch) stopped the work.
    #[error("{what} was stopped")]
    Cancelled {
        /// The work.
        what: &'static str,
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
