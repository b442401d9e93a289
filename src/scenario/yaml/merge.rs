//! `extends`: the keys of one file over those of another.

use super::node::{Kind, Node};

/// `over` laid over `base`: maps are joined key by key at every depth, everything else is replaced. The order is that of
/// `base`, then what `over` adds.
pub(crate) fn merge(base: Node, over: Node) -> Node {
    match (base.kind, over.kind) {
        (Kind::Map(mut entries), Kind::Map(new)) => {
            for (key, value) in new {
                match entries.iter().position(|(k, _)| k.name == key.name) {
                    Some(index) => {
                        let (_, old) = entries.remove(index);
                        entries.insert(index, (key, merge(old, value)));
                    }
                    None => entries.push((key, value)),
                }
            }
            Node { at: over.at, kind: Kind::Map(entries) }
        }
        (_, kind) => Node { at: over.at, kind },
    }
}
