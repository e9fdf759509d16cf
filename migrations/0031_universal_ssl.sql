-- Whether a zone has a certificate of our edge authority. Without it, nodes greet visitors of the zone only under names that its
-- owner uploaded a certificate for.
alter table zones add column universal_ssl boolean not null default true;
