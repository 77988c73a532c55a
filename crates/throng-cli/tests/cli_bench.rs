//! `throng bench`: figures as shares of ceilings.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::Place;

#[test]
fn every_figure_is_a_share_of_the_ceiling_that_bounds_it() {
    let place = Place::new();
    let ran = place.run(["bench", "silhouette", "--json"]).ok();
    let json = ran.json();
    assert!(json["device"].as_str().unwrap().starts_with("cpu"));
    let flops = json["ceilings"]["flops_per_second"].as_f64().unwrap();
    let bytes = json["ceilings"]["bytes_per_second"].as_f64().unwrap();
    assert!(flops > 0.0 && bytes > 0.0, "{json}");
    let kernels = json["kernels"].as_array().unwrap();
    assert_eq!(kernels.len(), 2, "{json}");
    for row in kernels {
        assert_eq!(row["kernel"], "silhouette");
        let figure = |name: &str| row[name].as_f64().unwrap();
        let work = 2.0 * figure("n") * figure("n") * figure("d");
        let rate = work / figure("seconds");
        assert!((figure("flops_per_second") / rate - 1.0).abs() < 1e-9);
        let share = match row["bound"].as_str().unwrap() {
            "arithmetic" => figure("flops_per_second") / flops,
            "memory" => figure("bytes_per_second") / bytes,
            other => panic!("{other}"),
        };
        assert!((figure("share") / share - 1.0).abs() < 1e-9, "{row}");
    }
}

#[test]
fn no_kernel_goes_far_beyond_its_ceiling() {
    let place = Place::new();
    let json = place.run(["bench", "kmeans", "--json"]).ok().json();
    for row in json["kernels"].as_array().unwrap() {
        // One that spared itself its work was at 16 times the ceiling. Other work on the machine may lower a ceiling by
        // less than this.
        assert!(row["share"].as_f64().unwrap() < 4.0, "{row}");
    }
}

#[test]
fn a_table_is_printed_and_another_kernel_refused() {
    let place = Place::new();
    let table = place.run(["bench", "silhouette"]).ok().stdout();
    assert!(table.starts_with("ceilings: "), "{table}");
    assert_eq!(table.matches("% of ").count(), 2, "{table}");
    let line = place.run(["bench", "sort"]).failed(2);
    assert!(line.starts_with("invalid value 'sort'"), "{line}");
}
