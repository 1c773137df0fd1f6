//! Asking before anything is changed.

use std::io::{self, IsTerminal as _, Write as _};

use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::report::say;

/// Who agrees to a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    Given,
    Asked,
}

impl Consent {
    /// By the option, or by whoever sits at the terminal.
    pub(crate) fn of(auto_approve: bool, verb: &str) -> Result<Self, Failure> {
        if auto_approve {
            return Ok(Self::Given);
        }
        if std::io::stdin().is_terminal() {
            return Ok(Self::Asked);
        }
        let message =
            format!("`{verb}` changes things, and there is no terminal to ask at: nothing was changed");
        Err(Failure::usage(message).hint("`--auto-approve` goes ahead without asking; `plan` only shows"))
    }

    /// `None` when whoever is asked answers with an interrupt.
    pub(crate) async fn agrees(self, question: &str, interrupt: &Interrupt) -> Option<bool> {
        if self == Self::Given {
            return Some(true);
        }
        let mut out = std::io::stderr();
        // Without a terminal that takes the question there is nobody who could agree.
        if write!(out, "\n{question} Only `yes` goes ahead: ").and_then(|()| out.flush()).is_err() {
            return Some(false);
        }
        let read = || {
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer).map(|_| answer)
        };
        let answer = interrupt.or(typed(read)).await?;
        Some(answer.is_ok_and(|answer| answer.trim() == "yes"))
    }
}

/// Whoever was asked does not agree.
pub(crate) fn refused(exit: Exit) -> Exit {
    if exit == Exit::Interrupted {
        // The answer was typed without a line end.
        say(" ");
    }
    say("Nothing was changed.");
    exit
}

/// What somebody types. It is waited for by a thread of its own, so that whoever is asked can interrupt; when nobody wants to know any
/// more, that thread goes with the program.
async fn typed(read: impl FnOnce() -> io::Result<String> + Send + 'static) -> io::Result<String> {
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("asked".to_owned()).spawn(move || {
        // It fails when nobody waits any longer.
        let _ = sender.send(read());
    })?;
    answer.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_hears_what_is_typed_and_need_not_wait_for_it() {
        assert_eq!(typed(|| Ok("yes\n".to_owned())).await.unwrap(), "yes\n");
        assert!(typed(|| Err(io::Error::other("no terminal"))).await.is_err());
        let (type_it, typing) = std::sync::mpsc::channel::<()>();
        let never = typed(move || typing.recv().map(|()| "yes".to_owned()).map_err(io::Error::other));
        let heard = tokio::select! {
            biased;
            _ = never => "an answer",
            () = tokio::task::yield_now() => "an interrupt",
        };
        assert_eq!(heard, "an interrupt");
        drop(type_it);
    }
}
