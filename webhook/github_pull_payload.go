package webhook

// pull is the part of a pull_request event that matters.
type pull struct {
	action, sender string
	repo           repository

	number                                 int64
	title, body, branch, base, url, author string
	association                            string
	associationSent                        bool
	head, headRepo, baseRepo, baseDefault  string
	state, mergeSHA                        string
	merged, draft                          bool
	createdAt, updatedAt, closedAt, landed string

	// What the text was before an edit; nil where it did not change.
	oldTitle, oldBody *string
}

// read takes the whole event.
func (p *pull) read(s *scanner) {
	s.object(func(key []byte) {
		switch string(key) {
		case "action":
			p.action = oneLine(s.str(), maxName)
		case "number":
			p.number = s.integer()
		case "pull_request":
			p.fields(s)
		case "changes":
			s.object(func(key []byte) {
				switch string(key) {
				case "title":
					p.oldTitle = s.from()
				case "body":
					p.oldBody = s.from()
				default:
					s.skip()
				}
			})
		case "repository":
			p.repo = s.repository()
		case "sender":
			p.sender = s.login()
		default:
			s.skip()
		}
	})
	p.merged = p.merged || p.landed != ""
	if p.repo.defaultBranch == "" {
		p.repo.defaultBranch = p.baseDefault
	}
}

// from reads {"from": …}, which is how an edit tells the old text. An old
// text that was null is an empty one.
func (s *scanner) from() *string {
	var old string
	s.object(func(key []byte) {
		if string(key) == "from" {
			old = s.str()
		} else {
			s.skip()
		}
	})
	return &old
}

// fields reads the pull request itself.
func (p *pull) fields(s *scanner) {
	s.object(func(key []byte) {
		switch string(key) {
		case "number":
			p.number = s.integer()
		case "title":
			p.title = s.str()
		case "body":
			p.body = s.str()
		case "state":
			p.state = s.str()
		case "html_url":
			p.url = webURL(s.str())
		case "user":
			p.author = s.login()
		case "author_association":
			p.association, p.associationSent = s.str(), true
		case "draft":
			p.draft = s.boolean()
		case "merged":
			p.merged = s.boolean()
		case "merge_commit_sha":
			p.mergeSHA = s.str()
		case "merged_at":
			p.landed = s.str()
		case "created_at":
			p.createdAt = s.str()
		case "updated_at":
			p.updatedAt = s.str()
		case "closed_at":
			p.closedAt = s.str()
		case "head":
			var r repository
			p.branch, p.head, r = s.end()
			p.headRepo = r.name
		case "base":
			var r repository
			p.base, _, r = s.end()
			p.baseRepo, p.baseDefault = r.name, r.defaultBranch
		default:
			s.skip()
		}
	})
}

// end reads the head or the base of a pull request.
func (s *scanner) end() (branch, sha string, r repository) {
	s.object(func(key []byte) {
		switch string(key) {
		case "ref":
			branch = oneLine(s.str(), maxName)
		case "sha":
			sha = s.str()
		case "repo":
			r = s.repository()
		default:
			s.skip()
		}
	})
	return branch, sha, r
}
