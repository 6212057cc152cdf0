//! The router that holds now: it is made anew when the configuration is read again, and whoever asks
//! after that is answered by the new one.
//!
//! What must outlive that belongs in [`Services`](super::Services), not in the router.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use parking_lot::RwLock;
use tower::ServiceExt as _;
use tower::service_fn;

/// Where the router is that holds now. Cloning one is a reference count.
#[derive(Clone)]
pub struct Live {
    current: Arc<RwLock<Router>>,
}

impl Live {
    /// Begins with this one.
    pub fn new(router: Router) -> Self {
        Self {
            current: Arc::new(RwLock::new(router)),
        }
    }

    /// Requests from now on go to this one. Those under way stay where they are.
    pub fn replace(&self, router: Router) {
        *self.current.write() = router;
    }

    /// A router that asks, for each request, the one that holds then.
    pub fn router(&self) -> Router {
        let current = Arc::clone(&self.current);
        Router::new().fallback_service(service_fn(move |request: Request| {
            let router = current.read().clone();
            async move {
                let answer: Result<_, Infallible> = router.oneshot(request).await;
                answer
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;

    use super::*;

    fn answering(status: StatusCode) -> Router {
        Router::new().fallback(async move || status)
    }

    #[tokio::test]
    async fn a_new_router_answers_from_now_on() {
        let live = Live::new(answering(StatusCode::OK));
        let router = live.router();
        let ask = async || {
            let request = Request::get("/any").body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap().status()
        };
        assert_eq!(ask().await, StatusCode::OK);
        live.replace(answering(StatusCode::IM_A_TEAPOT));
        assert_eq!(ask().await, StatusCode::IM_A_TEAPOT);
    }
}
