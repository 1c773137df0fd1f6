//! Reading as a value: which calls to make, and what follows from their answers.
//!
//! What one call cannot tell takes several: an instance's address stands in its VNIC, whose id stands in an attachment. A
//! [`Look`] says which calls come first and, as a pure function of their answers, what comes next. The driver makes the
//! calls.

use std::fmt;

use crate::call::{Answer, Call};

type Then<T> = Box<dyn FnOnce(Vec<Answer>) -> Look<T> + Send>;

/// What a module wants to know.
pub enum Look<T> {
    /// It knows.
    Done(T),
    /// It has to ask: the answers come in the order of the calls.
    Ask(Vec<Call>, Then<T>),
}

impl<T: Send + 'static> Look<T> {
    /// Asks one thing.
    pub fn one(call: Call, then: impl FnOnce(Answer) -> T + Send + 'static) -> Self {
        Self::then(call, |answer| Self::Done(then(answer)))
    }

    /// Asks one thing, and perhaps more after that.
    pub fn then(call: Call, then: impl FnOnce(Answer) -> Self + Send + 'static) -> Self {
        Self::ask(vec![call], |mut answers| then(answers.pop().unwrap_or_default()))
    }

    /// Asks several things.
    pub fn ask(calls: Vec<Call>, then: impl FnOnce(Vec<Answer>) -> Self + Send + 'static) -> Self {
        Self::Ask(calls, Box::new(then))
    }

    /// Goes on with what was found out.
    pub fn and_then<U: Send + 'static>(self, next: impl FnOnce(T) -> Look<U> + Send + 'static) -> Look<U> {
        match self {
            Self::Done(value) => next(value),
            Self::Ask(calls, then) => Look::Ask(calls, Box::new(move |answers| then(answers).and_then(next))),
        }
    }

    /// The same, with another result.
    pub fn map<U: Send + 'static>(self, change: impl FnOnce(T) -> U + Send + 'static) -> Look<U> {
        self.and_then(|value| Look::Done(change(value)))
    }

    /// One after another, all results.
    pub fn all(looks: Vec<Self>) -> Look<Vec<T>> {
        let mut together = Look::Done(Vec::with_capacity(looks.len()));
        for look in looks {
            together = together.and_then(move |mut found: Vec<T>| {
                look.map(move |value| {
                    found.push(value);
                    found
                })
            });
        }
        together
    }
}

impl<T> fmt::Debug for Look<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(_) => f.write_str("Done"),
            Self::Ask(calls, _) => f.debug_tuple("Ask").field(calls).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use oci_client::services::core::operations::GetVcn;

    use super::*;

    /// Carries a look out with the names of the operations as answers.
    fn run<T>(mut look: Look<T>, asked: &mut Vec<&'static str>) -> T {
        loop {
            match look {
                Look::Done(value) => return value,
                Look::Ask(calls, then) => {
                    asked.extend(calls.iter().map(|call| call.spec().name));
                    let answer = |call: &Call| Answer { body: call.spec().name.into(), ..Answer::default() };
                    look = then(calls.iter().map(answer).collect());
                }
            }
        }
    }

    #[test]
    fn looks_follow_one_another_and_keep_their_order() {
        let vcn = || Call::new(GetVcn::new("ocid1.vcn.oc1..a"));
        let one = |tag: i32| Look::one(vcn(), move |answer| (tag, answer.body));
        let mut asked = Vec::new();
        let found = run(Look::all(vec![one(1), Look::Done((2, ().into())), one(3)]), &mut asked);
        assert_eq!(found.iter().map(|(tag, _)| *tag).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(asked, ["get_vcn", "get_vcn"]);
    }
}
