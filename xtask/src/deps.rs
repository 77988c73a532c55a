//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cmd;

/// What each of our crates may see of the others, directly: the arrows of ARCHITECTURE.md.
const ARROWS: [(&str, &[&str]); 12] = [
    ("throng-shaders", &[]),
    ("throng-compute", &["throng-shaders"]),
    ("throng-metrics", &["throng-compute"]),
    ("throng-cluster", &["throng-compute", "throng-metrics"]),
    ("throng-events", &[]),
    ("throng-bert", &["throng-compute"]),
    ("throng-report", &[]),
    (
        "throng",
        &[
            "throng-bert",
            "throng-cluster",
            "throng-compute",
            "throng-events",
            "throng-metrics",
            "throng-report",
        ],
    ),
    ("throng-cli", &["throng"]),
    ("throng-examples", &["throng", "throng-compute"]),
    (
        "throng-tests",
        &[
            "throng",
            "throng-cluster",
            "throng-compute",
            "throng-events",
            "throng-metrics",
            "throng-shaders",
        ],
    ),
    ("xtask", &["throng-shaders"]),
];

/// Crates with Burn in their tree: one that names it, and what stands on that one.
const WITH_BURN: [&str; 5] = [
    "throng-bert",
    "throng",
    "throng-cli",
    "throng-examples",
    "throng-tests",
];
/// Crates with a GPU in their tree, besides those with Burn.
const WITH_GPU: [&str; 3] = ["throng-compute", "throng-metrics", "throng-cluster"];
/// Crates that may name Burn, wgpu or naga themselves.
const NAMES_BURN: [&str; 1] = ["throng-bert"];
const NAMES_WGPU: [&str; 3] = ["throng-compute", "throng-bert", "throng-examples"];
const NAMES_NAGA: [&str; 3] = ["throng-shaders", "throng-compute", "xtask"];

/// Checks the workspace as it is.
///
/// # Errors
/// If a rule is broken: every place where one is.
pub fn run() -> Result<()> {
    let broken = Graph::read()?.broken_rules();
    if !broken.is_empty() {
        bail!("{}", broken.join("; "));
    }
    eprintln!(
        "{} crates keep the {} arrows",
        ARROWS.len(),
        ARROWS.iter().map(|(_, to)| to.len()).sum::<usize>()
    );
    Ok(())
}

/// The crates that each crate depends on, on any platform and with every feature that anyone asks for.
#[derive(Clone, Default)]
struct Graph {
    members: BTreeSet<String>,
    /// Dependencies of what is built: normal and build.
    built: BTreeMap<String, BTreeSet<String>>,
    /// Those of its tests.
    tests: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read() -> Result<Self> {
        let text = cmd::capture(&mut cmd::cargo([
            "metadata",
            "--format-version=1",
            "--locked",
        ]))?;
        Self::parse(&serde_json::from_str(&text)?).context("cargo metadata is not as it was")
    }

    fn parse(metadata: &Value) -> Option<Self> {
        let mut names = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            names.insert(package["id"].as_str()?, package["name"].as_str()?);
        }
        let mut graph = Self::default();
        for id in metadata["workspace_members"].as_array()? {
            graph.members.insert((*names.get(id.as_str()?)?).to_owned());
        }
        for node in metadata["resolve"]["nodes"].as_array()? {
            let name = (*names.get(node["id"].as_str()?)?).to_owned();
            for dep in node["deps"].as_array()? {
                let to = *names.get(dep["pkg"].as_str()?)?;
                for kind in dep["dep_kinds"].as_array()? {
                    let edges = if kind["kind"] == "dev" {
                        &mut graph.tests
                    } else {
                        &mut graph.built
                    };
                    edges.entry(name.clone()).or_default().insert(to.to_owned());
                }
            }
        }
        Some(graph)
    }

    /// What a crate names itself, its tests included.
    fn direct(&self, name: &str) -> impl Iterator<Item = &str> {
        let edges = [self.built.get(name), self.tests.get(name)];
        edges.into_iter().flatten().flatten().map(String::as_str)
    }

    /// Everything that is built for a crate, without its tests.
    fn tree(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            for to in self.built.get(name).into_iter().flatten() {
                if seen.insert(to.as_str()) {
                    open.push(to);
                }
            }
        }
        seen
    }

    fn broken_rules(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, _) in ARROWS
            .iter()
            .filter(|(name, _)| !self.members.contains(*name))
        {
            broken.push(format!(
                "{name} has rules in xtask/src/deps.rs but is no crate of the workspace"
            ));
        }
        for name in &self.members {
            let Some((_, allowed)) = ARROWS.iter().find(|(ours, _)| ours == name) else {
                broken.push(format!(
                    "{name} has no rules: state its arrows in xtask/src/deps.rs"
                ));
                continue;
            };
            for to in self.direct(name).filter(|to| self.members.contains(*to)) {
                if !allowed.contains(&to) {
                    broken.push(format!("{name} may not depend on {to}"));
                }
            }
            for (is_of, what, who) in [
                (is_burn as fn(&str) -> bool, "Burn", &NAMES_BURN[..]),
                (is_wgpu, "wgpu", &NAMES_WGPU[..]),
                (is_naga, "naga", &NAMES_NAGA[..]),
            ] {
                if let Some(to) = self
                    .direct(name)
                    .find(|to| is_of(to) && !who.contains(&name.as_str()))
                {
                    broken.push(format!(
                        "{name} names {to}, but {what} is for {} alone",
                        who.join(", ")
                    ));
                }
            }
            let tree = self.tree(name);
            let with_burn = WITH_BURN.contains(&name.as_str());
            if let Some(found) = tree.iter().find(|to| is_burn(to) && !with_burn) {
                broken.push(format!(
                    "{name} has {found} in its tree, but must build without Burn"
                ));
            }
            let with_gpu = with_burn || WITH_GPU.contains(&name.as_str());
            if let Some(found) = tree
                .iter()
                .find(|to| is_gpu(to) && !with_gpu && name != "xtask")
            {
                broken.push(format!(
                    "{name} has {found} in its tree, but must build without a GPU crate"
                ));
            }
            if let Some(found) = tree.iter().find(|to| is_wgpu(to) && name == "xtask") {
                broken.push(format!(
                    "{name} has {found} in its tree, but translates shaders without a device"
                ));
            }
        }
        broken
    }
}

fn is_burn(name: &str) -> bool {
    ["burn", "cubecl", "cubek"]
        .iter()
        .any(|family| name.starts_with(family))
}

fn is_wgpu(name: &str) -> bool {
    name.starts_with("wgpu")
}

fn is_naga(name: &str) -> bool {
    name.starts_with("naga")
}

fn is_gpu(name: &str) -> bool {
    is_burn(name)
        || is_wgpu(name)
        || is_naga(name)
        || ["ash", "metal", "gpu-allocator"].contains(&name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::OnceLock;

    use super::*;

    fn graph() -> Graph {
        static GRAPH: OnceLock<Graph> = OnceLock::new();
        GRAPH.get_or_init(|| Graph::read().unwrap()).clone()
    }

    #[test]
    fn the_workspace_keeps_its_rules() {
        assert_eq!(graph().broken_rules(), Vec::<String>::new());
    }

    /// The real graph with one more edge, which must be found.
    fn with_edge(from: &str, to: &str, for_tests: bool) -> Vec<String> {
        let mut graph = graph();
        let edges = if for_tests {
            &mut graph.tests
        } else {
            &mut graph.built
        };
        assert!(
            edges.entry(from.into()).or_default().insert(to.into()),
            "{from} -> {to} is there already"
        );
        graph.broken_rules()
    }

    #[track_caller]
    fn must_say(broken: &[String], what: &str) {
        assert!(
            broken.iter().any(|line| line.contains(what)),
            "{what}: {broken:?}"
        );
    }

    #[test]
    fn a_forbidden_arrow_is_found() {
        must_say(
            &with_edge("throng-cluster", "throng-bert", false),
            "throng-cluster may not depend on throng-bert",
        );
        must_say(
            &with_edge("throng-bert", "throng-cluster", true),
            "throng-bert may not depend on throng-cluster",
        );
        must_say(
            &with_edge("throng-metrics", "throng-cluster", false),
            "throng-metrics may not",
        );
        must_say(
            &with_edge("throng-report", "throng-events", false),
            "throng-report may not depend on throng-events",
        );
    }

    #[test]
    fn a_gpu_crate_below_the_readers_is_found_at_any_depth() {
        must_say(
            &with_edge("csv", "wgpu-types", false),
            "throng-events has naga-types in its tree, but must build without a GPU",
        );
        must_say(&with_edge("throng-report", "naga", true), "naga is for");
        assert_eq!(
            with_edge("throng-events", "rayon", false),
            Vec::<String>::new()
        );
    }

    #[test]
    fn burn_and_wgpu_outside_their_crates_are_found() {
        must_say(
            &with_edge("throng-compute", "burn-tensor", false),
            "must build without Burn",
        );
        must_say(&with_edge("throng-cluster", "burn", false), "names burn");
        must_say(&with_edge("throng-cluster", "wgpu", false), "names wgpu");
        must_say(&with_edge("xtask", "wgpu", false), "without a device");
    }

    #[test]
    fn a_crate_without_rules_and_a_rule_without_crate_are_found() {
        let mut graph = graph();
        graph.members.insert("throng-new".into());
        graph.members.remove("throng-report");
        must_say(&graph.broken_rules(), "throng-new has no rules");
        must_say(&graph.broken_rules(), "throng-report has rules");
    }
}
