//! k-means on a matrix of one's own. `cargo run --release -p throng-examples --example kmeans`

use throng::cluster::KMeans;
use throng::compute::Compute;
use throng::metrics::silhouette_score;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Three rings of points around three places, [300, 2].
    let rows: Vec<f32> = (0..300u16)
        .flat_map(|i| {
            let (place, angle) = (f32::from(i % 3), f32::from(i) * 0.7);
            [
                10.0 * place + angle.cos(),
                5.0 * place * place + angle.sin(),
            ]
        })
        .collect();

    let compute = Compute::auto();
    let x = compute.matrix(&rows, 300, 2)?;
    let model = KMeans::params(3).n_init(4).seed(7).fit(&compute, &x)?;
    println!(
        "{}: inertia {:.1} after {} iterations",
        compute.describe(),
        model.inertia(),
        model.n_iter()
    );
    for (centroid, count) in model.centroids().chunks(2).zip(model.counts()) {
        println!(
            "  {count} points around ({:.2}, {:.2})",
            centroid[0], centroid[1]
        );
    }
    let score = silhouette_score(&x, model.labels(), model.metric().silhouette())?;
    println!("silhouette {score:.3}");

    let new = compute.matrix(&[9.0, 6.0], 1, 2)?;
    println!(
        "(9, 6) belongs to cluster {}",
        model.predict(&compute, &new)?[0]
    );
    Ok(())
}
