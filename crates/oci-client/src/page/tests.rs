use super::*;
use crate::testing::{self, READ, Reply, Seen, Thing, answer_with, refusal};

async fn collect<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    let mut all = Vec::new();
    while let Some(item) = std::future::poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        all.push(item);
    }
    all
}

/// Pages of the numbers below `total`, two at a time, the page token being the first number; with an empty page
/// before the last.
fn numbers(seen: &Seen, total: usize) -> Reply {
    let from: usize = seen.target.split_once("page=").map_or(0, |(_, token)| token.parse().unwrap());
    let has_gap = from >= 10_000;
    let from = from % 10_000;
    if from + 2 >= total && !has_gap {
        return answer_with(200, &[("opc-next-page", &(from + 10_000).to_string())], "[]");
    }
    let body = serde_json::json!((from..total.min(from + 2)).collect::<Vec<_>>()).to_string();
    let next = (from + 2).to_string();
    let headers = [("opc-next-page", next.as_str())];
    answer_with(200, if from + 2 < total { &headers } else { &[] }, &body)
}

#[tokio::test(start_paused = true)]
async fn items_come_from_all_pages_in_order_and_an_empty_page_is_not_the_end() {
    let (client, transport) = testing::client(|_, seen| numbers(seen, 7));
    let items = collect(client.items(Thing::new(&READ), PageLimits::default())).await;
    let items: Vec<_> = items.into_iter().map(|item| item.unwrap().as_u64().unwrap()).collect();
    assert_eq!(items, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(transport.seen().len(), 5);
    assert_eq!(client.list(Thing::new(&READ), PageLimits::default()).await.unwrap().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn pages_are_asked_for_only_when_polled() {
    let (client, transport) = testing::client(|_, seen| numbers(seen, 100));
    let mut pages = client.pages(Thing::new(&READ), PageLimits::default());
    assert_eq!(transport.seen().len(), 0);
    let first = std::future::poll_fn(|context| Pin::new(&mut pages).poll_next(context)).await;
    assert_eq!(first.unwrap().unwrap().value.len(), 2);
    assert_eq!(transport.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_goes_round_in_circles_is_an_error_and_the_end() {
    for tokens in [&["a"][..], &["a", "b"], &["a", "b", "c"]] {
        let (client, _) = testing::client(move |number, _| {
            answer_with(200, &[("opc-next-page", tokens[number % tokens.len()])], "[1]")
        });
        let pages = collect(client.pages(Thing::new(&READ), PageLimits::default())).await;
        let (last, before) = pages.split_last().unwrap();
        let error = last.as_ref().unwrap_err();
        let page = tokens.len() as u32 + 1;
        let round = PagingError::RoundInCircles { page };
        assert!(matches!(error, Error::Paging { source, .. } if *source == round), "{error:?}");
        assert!(before.iter().all(Result::is_ok));
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_without_end_are_bounded_by_pages_and_by_items() {
    let endless =
        |number: usize, _: &Seen| answer_with(200, &[("opc-next-page", &number.to_string())], "[1,2,3]");
    let (client, transport) = testing::client(endless);
    let limits = PageLimits { pages_max: 5, ..PageLimits::default() };
    let error = client.list(Thing::new(&READ), limits).await.unwrap_err();
    assert!(matches!(error, Error::Paging { source: PagingError::TooManyPages { pages_max: 5 }, .. }));
    assert_eq!(transport.seen().len(), 5);

    let (client, transport) = testing::client(endless);
    let limits = PageLimits { items_max: 10, ..PageLimits::default() };
    let error = client.list(Thing::new(&READ), limits).await.unwrap_err();
    assert!(matches!(error, Error::Paging { source: PagingError::TooManyItems { items_max: 10 }, .. }));
    assert_eq!(transport.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn after_an_error_the_stream_ends() {
    let (client, _) = testing::client(|number, _| match number {
        0 => answer_with(200, &[("opc-next-page", "x")], "[1]"),
        _ => refusal(400, "InvalidParameter"),
    });
    let items = collect(client.items(Thing::new(&READ), PageLimits::default())).await;
    assert_eq!(items.len(), 2);
    assert!(items[0].is_ok() && items[1].is_err());
}
