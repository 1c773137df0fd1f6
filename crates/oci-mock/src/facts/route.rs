//! From a method and an escaped path to an operation, by a tree of path segments.

use std::collections::BTreeMap;

use http::Method;

use super::Operation;

/// Paths longer than this are no paths of ours; it bounds the work on hostile input.
const SEGMENTS_MAX: usize = 64;

/// The tree of all path templates.
#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<String, Node>,
    parameter: Option<Box<Node>>,
    /// Operation index by method.
    methods: Vec<(Method, usize)>,
    /// The last parameter of an object's path takes the rest of the path, slashes included.
    takes_rest: bool,
}

/// What a path addresses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Routed<'p> {
    /// An operation, and the escaped values of its path parameters in order.
    Found(usize, Vec<&'p str>),
    /// The path exists, with other methods.
    WrongMethod(Vec<Method>),
    /// No operation has this path.
    Unknown,
}

impl Router {
    pub(crate) fn build(operations: &[Operation]) -> Self {
        let mut router = Self::default();
        for (index, operation) in operations.iter().enumerate() {
            let mut node = &mut router.root;
            for segment in segments(&operation.path) {
                if segment.starts_with('{') {
                    node = node.parameter.get_or_insert_with(Box::default);
                    node.takes_rest |= segment == "{objectName}";
                } else {
                    node = node.literals.entry(segment.to_owned()).or_default();
                }
            }
            node.methods.push((operation.method.clone(), index));
        }
        router
    }

    pub(crate) fn route<'p>(&self, method: &Method, path: &'p str) -> Routed<'p> {
        if !path.starts_with('/') {
            return Routed::Unknown;
        }
        let parts: Vec<&str> = segments(path).take(SEGMENTS_MAX + 1).collect();
        if parts.len() > SEGMENTS_MAX {
            return Routed::Unknown;
        }
        let mut values = Vec::new();
        let Some(node) = self.root.find(path, &parts, &mut values) else { return Routed::Unknown };
        match node.methods.iter().find(|(known, _)| known == method) {
            Some((_, index)) => Routed::Found(*index, values),
            None => Routed::WrongMethod(node.methods.iter().map(|(known, _)| known.clone()).collect()),
        }
    }
}

impl Node {
    /// Literal segments go before parameters; a dead end goes back to the parameter.
    fn find<'s, 'p>(
        &'s self,
        path: &'p str,
        parts: &[&'p str],
        values: &mut Vec<&'p str>,
    ) -> Option<&'s Self> {
        let Some((first, rest)) = parts.split_first() else {
            return (!self.methods.is_empty()).then_some(self);
        };
        if let Some(found) = self.literals.get(*first).and_then(|child| child.find(path, rest, values)) {
            return Some(found);
        }
        let child = self.parameter.as_deref()?;
        let depth = values.len();
        if child.takes_rest {
            // The part is a slice of `path`, so its position is the difference of the lengths before it.
            let start = path.len() - parts.iter().map(|part| part.len() + 1).sum::<usize>() + 1
                - usize::from(path.ends_with('/'));
            values.push(&path[start..]);
            return Some(child);
        }
        if first.is_empty() {
            return None;
        }
        values.push(first);
        let found = child.find(path, rest, values);
        if found.is_none() {
            values.truncate(depth);
        }
        found
    }
}

/// The segments of a path. One slash at the end does not count: Oracle publishes some paths with it, and its
/// SDKs send them without.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests {
    use super::super::facts;
    use super::*;

    fn name(method: &Method, path: &str) -> String {
        match facts().route(method, path) {
            Routed::Found(index, values) => format!("{} {values:?}", facts().at(index).name),
            Routed::WrongMethod(methods) => format!("405 {methods:?}"),
            Routed::Unknown => "404".to_owned(),
        }
    }

    #[test]
    fn paths_find_their_operations() {
        for (method, path, expected) in [
            (Method::GET, "/20160918/vcns", "ListVcns []"),
            (Method::GET, "/20160918/instances/", "ListInstances []"),
            (Method::GET, "/20160918/vcns/a%2Fb", "GetVcn [\"a%2Fb\"]"),
            (Method::GET, "/20200501/networkLoadBalancers/health", "ListNetworkLoadBalancerHealths []"),
            (Method::GET, "/20200501/networkLoadBalancers/x/health", "GetNetworkLoadBalancerHealth [\"x\"]"),
            (Method::GET, "/n", "GetNamespace []"),
            (Method::GET, "/n/", "GetNamespace []"),
            (Method::PUT, "/n/ns/b/bucket/o/a/b%20c/d", "PutObject [\"ns\", \"bucket\", \"a/b%20c/d\"]"),
            (Method::PUT, "/n/ns/b/bucket/o/folder/", "PutObject [\"ns\", \"bucket\", \"folder/\"]"),
            (Method::GET, "/n/ns/b/bucket/o", "ListObjects [\"ns\", \"bucket\"]"),
            (Method::GET, "/20160918/vcns//", "404"),
            (Method::GET, "/20160918/nothing", "404"),
            (Method::GET, "/20160918", "404"),
            (Method::GET, "/", "404"),
            (Method::GET, "", "404"),
            (Method::PATCH, "/20160918/vcns", "405 [POST, GET]"),
        ] {
            assert_eq!(name(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn no_two_operations_share_method_and_path() {
        for operation in facts().operations() {
            let path: String = operation
                .path
                .split('/')
                .map(|part| if part.starts_with('{') { "value" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            match facts().route(&operation.method, &path) {
                Routed::Found(index, _) => assert_eq!(facts().at(index).name, operation.name, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }
}
