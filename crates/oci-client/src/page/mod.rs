//! Lists, followed from page to page: as a stream of pages or of items, with a bound and a check against going round
//! in circles.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use world::BoxFuture;

use crate::client::{CallOptions, Client};
use crate::error::{Call, Error};
use crate::operation::Paged;
use crate::response::Response;

/// How far a list is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Pages at most.
    pub pages_max: u32,
    /// Items at most.
    pub items_max: u64,
}

impl Default for PageLimits {
    /// 10,000 pages and a million items: more than the limits of any tenancy let exist, and little enough to fail
    /// within hours instead of never.
    fn default() -> Self {
        Self { pages_max: 10_000, items_max: 1_000_000 }
    }
}

/// A list was not followed to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PagingError {
    /// The service named a page that it had named before: it would go on for ever.
    #[error("page {page} names a next page that was already read")]
    RoundInCircles {
        /// Which page it was, counting from 1.
        page: u32,
    },
    /// There are more pages than asked for.
    #[error("there are more than {pages_max} pages")]
    TooManyPages {
        /// The bound that was set.
        pages_max: u32,
    },
    /// There are more items than asked for.
    #[error("there are more than {items_max} items")]
    TooManyItems {
        /// The bound that was set.
        items_max: u64,
    },
}

impl Client {
    /// The pages of a list, from the first to the last, each asked for when it is polled for.
    ///
    /// A page may be empty and still have a successor. After an error the stream ends.
    ///
    /// # Cancel safety
    /// It only reads, so it may be dropped at any await.
    pub fn pages<O: Paged + 'static>(&self, operation: O, limits: PageLimits) -> Pages<O> {
        self.pages_with(operation, limits, CallOptions::default())
    }

    /// As [`Client::pages`], with options that hold for the call of each page.
    pub fn pages_with<O: Paged + 'static>(
        &self,
        operation: O,
        limits: PageLimits,
        options: CallOptions,
    ) -> Pages<O> {
        let state =
            PageState { client: self.clone(), operation, options, limits, seen: HashSet::new(), pages: 0 };
        Pages { items_left: limits.items_max, step: Step::Ready(Box::new(state)) }
    }

    /// The items of a list, in the order of its pages. See [`Client::pages`].
    pub fn items<O: Paged + 'static>(&self, operation: O, limits: PageLimits) -> Items<O> {
        Items { pages: self.pages(operation, limits), waiting: VecDeque::new() }
    }

    /// All items of a list at once. See [`Client::pages`].
    ///
    /// # Errors
    /// Whatever ends the stream before its end; the items read until then are dropped.
    pub async fn list<O: Paged + 'static>(
        &self,
        operation: O,
        limits: PageLimits,
    ) -> Result<Vec<O::Item>, Error> {
        self.list_with(operation, limits, CallOptions::default()).await
    }

    /// As [`Client::list`], with options that hold for the call of each page.
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn list_with<O: Paged + 'static>(
        &self,
        operation: O,
        limits: PageLimits,
        options: CallOptions,
    ) -> Result<Vec<O::Item>, Error> {
        let mut pages = self.pages_with(operation, limits, options);
        let mut items = Vec::new();
        while let Some(page) = std::future::poll_fn(|context| Pin::new(&mut pages).poll_next(context)).await {
            items.append(&mut page?.value);
        }
        Ok(items)
    }
}

/// The stream that [`Client::pages`] makes.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<O: Paged> {
    step: Step<O>,
    items_left: u64,
}

type PageResult<O> = (Box<PageState<O>>, Result<Page<O>, Error>);

enum Step<O: Paged> {
    Ready(Box<PageState<O>>),
    Reading(BoxFuture<'static, PageResult<O>>),
    Done,
}

struct PageState<O> {
    client: Client,
    operation: O,
    options: CallOptions,
    limits: PageLimits,
    /// The tokens that were followed; no more of them than `pages_max`.
    seen: HashSet<String>,
    pages: u32,
}

struct Page<O: Paged> {
    response: Response<Vec<O::Item>>,
    has_next: bool,
}

impl<O: Paged + 'static> PageState<O> {
    async fn read(mut self: Box<Self>) -> PageResult<O> {
        let page = self.next_page().await;
        (self, page)
    }

    async fn next_page(&mut self) -> Result<Page<O>, Error> {
        let response = self.client.call_with(&self.operation, &self.options).await?;
        self.pages += 1;
        let next = O::next_page(&response.headers, &response.value);
        let has_next = next.is_some();
        if let Some(token) = next {
            let problem = if self.pages >= self.limits.pages_max {
                Some(PagingError::TooManyPages { pages_max: self.limits.pages_max })
            } else if !self.seen.insert(token.clone()) {
                Some(PagingError::RoundInCircles { page: self.pages })
            } else {
                None
            };
            if let Some(source) = problem {
                return Err(self.fail(source));
            }
            self.operation.set_page(Some(token));
        }
        Ok(Page { response: response.map(O::items), has_next })
    }

    fn fail(&self, source: PagingError) -> Error {
        Error::Paging { call: Call::new(self.operation.spec(), self.operation.spec().path), source }
    }
}

// Nothing is pinned inside: the future that is polled is in a box of its own.
impl<O: Paged> Unpin for Pages<O> {}

impl<O: Paged + 'static> Stream for Pages<O> {
    type Item = Result<Response<Vec<O::Item>>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.step, Step::Done) {
                Step::Ready(state) => self.step = Step::Reading(Box::pin(state.read())),
                Step::Reading(mut reading) => {
                    let Poll::Ready((state, result)) = reading.as_mut().poll(context) else {
                        self.step = Step::Reading(reading);
                        return Poll::Pending;
                    };
                    let page = match result {
                        Ok(page) => page,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    let Some(left) = self.items_left.checked_sub(page.response.value.len() as u64) else {
                        let items_max = state.limits.items_max;
                        return Poll::Ready(Some(Err(state.fail(PagingError::TooManyItems { items_max }))));
                    };
                    self.items_left = left;
                    if page.has_next {
                        self.step = Step::Ready(state);
                    }
                    return Poll::Ready(Some(Ok(page.response)));
                }
                Step::Done => return Poll::Ready(None),
            }
        }
    }
}

/// The stream that [`Client::items`] makes.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<O: Paged> {
    pages: Pages<O>,
    waiting: VecDeque<O::Item>,
}

impl<O: Paged> Unpin for Items<O> {}

impl<O: Paged + 'static> Stream for Items<O> {
    type Item = Result<O::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => self.waiting = page.value.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(test)]
mod tests;
