//! The keys of one file over those of another: `extends`, and the project file over the user's.

use super::node::{Kind, Node};

/// `over` laid over `base`: maps are joined key by key at every depth, everything else is replaced. The order is that of
/// `base`, then what `over` adds.
pub(crate) fn merge(base: Node, over: Node) -> Node {
    join(base, over, u32::MAX)
}

fn join(base: Node, over: Node, depth: u32) -> Node {
    match (base.kind, over.kind) {
        (Kind::Map(mut entries), Kind::Map(new)) if depth > 0 => {
            for (key, value) in new {
                match entries.iter().position(|(k, _)| k.name == key.name) {
                    Some(index) => {
                        let (_, old) = entries.remove(index);
                        entries.insert(index, (key, join(old, value, depth - 1)));
                    }
                    None => entries.push((key, value)),
                }
            }
            Node { at: over.at, kind: Kind::Map(entries) }
        }
        (_, kind) => Node { at: over.at, kind },
    }
}

/// The same two keys deep: what stands below an account or a profile is one whole.
pub(crate) fn merge_entries(base: Node, over: Node) -> Node {
    join(base, over, 2)
}
