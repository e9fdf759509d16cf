//! What is remembered of lists, so that their last page is read as quickly as their first.
//!
//! Clients ask for pages by number, and a page by number alone would be found by passing over all records before it. Who reads
//! page after page passes a place that was remembered shortly before. A list is known by the zone's revision, so that nothing
//! that is remembered outlives a change.

use crate::db::{
    record_list::{Filter, Place},
    records::Record,
    zones::Zone,
};
use policy::{id::ZoneId, revision::Revision};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

const LISTS_MAX: usize = 256;
/// Records between two places at least. With it goes the limit of places in a list, as zones have a limit of records.
const RECORDS_APART: i64 = 500;

/// The lists that were read last.
#[derive(Debug, Clone, Default)]
pub struct Bookmarks(Arc<Mutex<VecDeque<List>>>);

#[derive(Debug)]
struct List {
    zone: ZoneId,
    revision: Revision,
    filter: Filter,
    total: i64,
    /// Places by the number of records up to and with them.
    places: BTreeMap<i64, Place>,
}

/// What is known of a list; nothing if it is not remembered.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) total: Option<i64>,
    /// The last place not after the wanted offset, and how many records stand up to it.
    pub(super) place: Option<Place>,
    pub(super) position: i64,
}

impl List {
    fn is_of(&self, zone: &Zone, filter: &Filter) -> bool {
        self.zone == zone.id && self.revision == zone.revision && self.filter == *filter
    }
}

impl Bookmarks {
    pub(super) fn find(&self, zone: &Zone, filter: &Filter, offset: i64) -> Known {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = lists.iter().find(|list| list.is_of(zone, filter)) else { return Known::default() };
        let place = list.places.range(..=offset).next_back();
        Known {
            total: Some(list.total),
            place: place.map(|(_, place)| place.clone()),
            position: place.map_or(0, |(position, _)| *position),
        }
    }

    /// Remembers a list by a page of it.
    pub(super) fn keep(&self, zone: &Zone, filter: &Filter, total: i64, offset: i64, page: &[Record]) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lists.iter().position(|list| list.is_of(zone, filter));
        let mut list = known.and_then(|index| lists.remove(index)).unwrap_or_else(|| List {
            zone: zone.id,
            revision: zone.revision,
            filter: filter.clone(),
            total,
            places: BTreeMap::new(),
        });
        let end = offset + i64::try_from(page.len()).unwrap_or(i64::MAX);
        if let Some(last) = page.last()
            && list.places.range(end - RECORDS_APART + 1..=end).next().is_none()
            && end >= RECORDS_APART
        {
            list.places.insert(end, Place::of(last, filter.order));
        }
        lists.push_front(list);
        lists.truncate(LISTS_MAX);
    }
}
