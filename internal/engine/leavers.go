package engine

import (
	"bytes"
	"context"

	"github.com/usersync/usersync/internal/usersync"
)

// countLeavers counts a range's linked people, and who of them has left.
func (r *run) countLeavers(ctx context.Context, s span, sightings []sighting) error {
	if r.policy() == usersync.Keep {
		return r.countKept(ctx, s, sightings)
	}
	leaving := &r.job.Progress.Leaving
	linked, left := 0, 0
	err := r.leavers(ctx, s, sightings, func(link *usersync.Link, reason string) error {
		linked++
		if reason != "" { // also one whose record stays: half a list is half a list
			left++
		}
		return nil
	})
	if err == nil {
		leaving.Linked += linked
		leaving.Leavers += left
	}
	return err
}

// countKept counts who has left where they are kept: nothing depends on it but a line of the log, and no
// link is read but theirs.
func (r *run) countKept(ctx context.Context, s span, sightings []sighting) error {
	for after := s.after; ; {
		hashes, err := r.Store.LinkHashes(ctx, r.job.Links, after, s.to, linkPage)
		if err != nil {
			return err
		}
		var gone []usersync.KeyHash
		for _, h := range hashes {
			for len(sightings) > 0 && bytes.Compare(sightings[0].hash[:], h[:]) < 0 {
				sightings = sightings[1:]
			}
			if len(sightings) == 0 || sightings[0].hash != h {
				gone = append(gone, h)
			}
		}
		if len(gone) > 0 {
			links, err := r.Store.LoadLinks(ctx, r.job.Links, gone, false)
			if err != nil {
				return err
			}
			for _, link := range links {
				if link.Target != "" && !isOff(&link) {
					r.job.Progress.Leaving.Leavers++
				}
			}
		}
		if len(hashes) < linkPage {
			return nil
		}
		after = &hashes[len(hashes)-1]
	}
}

// leavers calls visit with each link of the range, and with the reason for which its person has left;
// empty where they have not. What stands in a link's place while a create is in doubt is none, and who
// was switched off already is not visited.
func (r *run) leavers(ctx context.Context, s span, sightings []sighting, visit func(link *usersync.Link, reason string) error) error {
	for after := s.after; ; {
		links, err := r.Store.LinkRange(ctx, r.job.Links, after, s.to, linkPage)
		if err != nil {
			return err
		}
		for i := range links {
			h := links[i].Hash()
			for len(sightings) > 0 && bytes.Compare(sightings[0].hash[:], h[:]) < 0 {
				sightings = sightings[1:]
			}
			if links[i].Target == "" || isOff(&links[i]) {
				continue
			}
			reason := reasonLeft
			if len(sightings) > 0 && sightings[0].hash == h {
				reason = ""
				if actions[sightings[0].rank] == usersync.Skipped { // the one reason to skip who is linked
					reason = reasonInactive
				}
			}
			if err := visit(&links[i], reason); err != nil {
				return err
			}
		}
		if len(links) < linkPage {
			return nil
		}
		after = new(links[len(links)-1].Hash())
	}
}
