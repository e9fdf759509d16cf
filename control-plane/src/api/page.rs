//! Pages: `page` counts from one, and a page past the end is empty, not an error.

use super::{error::Result, query::Query};
use serde::Serialize;
use utoipa::ToSchema;

/// Pages further than this are empty without asking the database.
const PAGE_MAX: i64 = 1_000_000;

/// Which page is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    page: i64,
    per_page: i64,
}

impl Page {
    /// Reads `page` and `per_page`. More than `max` per page is answered with `max`.
    pub(crate) fn read(query: &Query, default: i64, max: i64) -> Result<Self> {
        let page = query.number("page", 1)?.unwrap_or(1).min(PAGE_MAX);
        let per_page = query.number("per_page", 1)?.unwrap_or(default).min(max);
        Ok(Self { page, per_page })
    }

    pub(crate) fn limit(self) -> i64 {
        self.per_page
    }

    pub(crate) fn offset(self) -> i64 {
        (self.page - 1) * self.per_page
    }

    /// Cuts a page out of a list that is all in memory.
    pub(crate) fn cut<T>(self, items: Vec<T>) -> (Vec<T>, ResultInfo) {
        let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let skipped = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let taken = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        let page: Vec<T> = items.into_iter().skip(skipped).take(taken).collect();
        let info = self.info(page.len(), total);
        (page, info)
    }

    pub(crate) fn info(self, count: usize, total: i64) -> ResultInfo {
        ResultInfo {
            page: self.page,
            per_page: self.per_page,
            count: i64::try_from(count).unwrap_or(i64::MAX),
            total_count: total,
            total_pages: (total + self.per_page - 1) / self.per_page,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultInfo {
    page: i64,
    per_page: i64,
    count: i64,
    total_count: i64,
    total_pages: i64,
}
