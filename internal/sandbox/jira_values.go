package sandbox

import (
	"encoding/json"
)

// pickBy is how requests name a thing: by one of its handles.
type pickBy struct{ ID, Name, Key, Value, AccountID string }

func (j *Jira) readNamed(field string, raw json.RawMessage, isNull bool) (setter, string) {
	var by pickBy
	list, base, at := jiPriorities, priorityBase, func(is *jiIssue) *string { return &is.priority }
	if field == "resolution" {
		list, base, at = jiResolutions, resolutionBase, func(is *jiIssue) *string { return &is.resolution }
	}
	name := ""
	if !isNull {
		if json.Unmarshal(raw, &by) != nil {
			return nil, "data was not an object"
		}
		if name = list.byIDOrName(base, by.ID, by.Name); name == "" {
			return nil, "The " + field + " selected is invalid."
		}
	} else if field == "priority" {
		name = "Medium"
	}
	return func(is *jiIssue) []jiItem {
		p := at(is)
		if *p == name {
			return nil
		}
		it := jiItem{field: field, fieldID: field, from: list.id(base, *p), fromText: *p, to: list.id(base, name), in: name}
		*p = name
		if field == "resolution" {
			is.resolvedAt = zeroTime
			if name != "" {
				is.resolvedAt = j.clock()
			}
		}
		return []jiItem{it}
	}, ""
}

func (j fieldReader) readPerson(field string, raw json.RawMessage, isNull bool) (setter, string) {
	account := ""
	if !isNull {
		var by pickBy
		if json.Unmarshal(raw, &by) != nil {
			return nil, "data was not an object"
		}
		if account = by.AccountID; !j.cloud() {
			account = by.Name
		}
		// An object without the handle of this flavor, or with null in it,
		// takes the person off.
		if account != "" && j.user(account) == nil {
			return nil, "User '" + account + "' does not exist."
		}
		if account != "" && field == "assignee" && !j.can(j.project, account, "ASSIGNABLE_USER") {
			return nil, "User '" + account + "' cannot be assigned issues."
		}
	}
	return func(is *jiIssue) []jiItem {
		p := &is.assignee
		if field == "reporter" {
			p = &is.reporter
		}
		if *p == account {
			return nil
		}
		it := jiItem{field: field, fieldID: field, from: *p, to: account}
		if u := j.user(*p); u != nil {
			it.fromText = u.name
		}
		if u := j.user(account); u != nil {
			it.in = u.name
		}
		*p = account
		return []jiItem{it}
	}, ""
}

func (j *Jira) readCustom(field string, raw json.RawMessage) (setter, string) {
	name, choices := "Reopen reason", []string(nil)
	for _, f := range j.opt.Fields {
		if f.ID == field {
			name, choices = f.Name, f.Choices
		}
	}
	value := ""
	if string(raw) != "null" {
		if len(choices) > 0 {
			var by pickBy
			if json.Unmarshal(raw, &by) != nil {
				return nil, "Specify a valid 'id' or 'name' for " + name
			}
			if value = named(choices).byIDOrName(1, by.ID, by.Value); value == "" {
				return nil, "Option value '" + by.Value + "' is not valid"
			}
		} else if json.Unmarshal(raw, &value) != nil {
			return nil, "Operation value must be a string"
		}
	}
	return func(is *jiIssue) []jiItem {
		if is.custom == nil {
			is.custom = map[string]string{}
		}
		before := is.custom[field]
		if before == value {
			return nil
		}
		is.custom[field] = value
		return []jiItem{{field: name, fieldID: field, fromText: before, in: value}}
	}, ""
}
