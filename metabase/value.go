package metabase

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A Value is one property as the commands show it.
type Value struct {
	Name      string   // of the property, or of the bit asked for
	Type      string   // as adsutil shows it: INTEGER STRING EXPANDSZ BOOLEAN LIST
	Text      string   // of a list, the number of items
	Items     []string // of a list
	From      string   // key that sets it, "" for the version's default
	Inherited bool     // From is not the key asked for
}

// MarshalJSON gives numbers, truth values and lists as what they are.
func (v Value) MarshalJSON() ([]byte, error) {
	var value any = v.Text
	switch v.Type {
	case "INTEGER":
		if n, err := strconv.ParseUint(v.Text, 10, 32); err == nil {
			value = n
		}
	case "BOOLEAN":
		value = v.Text == "True"
	case "LIST":
		value = append([]string{}, v.Items...)
	}
	return json.Marshal(struct {
		Name      string `json:"name"`
		Type      string `json:"type"`
		Value     any    `json:"value"`
		From      string `json:"from"`
		Inherited bool   `json:"inherited"`
	}{v.Name, v.Type, value, v.From, v.Inherited})
}

// String returns the value as adsutil prints it, `Name : (TYPE) value`, and where
// it is inherited from.
func (v Value) String() string {
	text := v.Text
	if v.Type == "STRING" || v.Type == "EXPANDSZ" {
		text = `"` + text + `"`
	}
	s := fmt.Sprintf("%-31s : (%s) %s", v.Name, v.Type, text)
	if v.Inherited {
		s += "  inherited from " + v.From
	}
	for _, item := range v.Items {
		s += "\n  \"" + item + "\""
	}
	return s
}

// hidden is shown for a property with the attribute METADATA_SECURE (Q280383).
const hidden = "**********"

// valueAt returns the effective value of a property at n. asked is the key that
// was asked for, which may lie below n.
func valueAt(n *Node, asked string, s spelling) Value {
	v := Value{Name: s.Name(), Type: s.kind.typ}
	if at := n.origin(s); at != nil {
		v.From = at.Key
		v.Inherited = !strings.EqualFold(at.Key, asked)
	}
	raw := s.effective(n)
	switch {
	case s.is(secret):
		v.Text = hidden
	case s.flag.bit != 0:
		v.Type = "BOOLEAN"
		mask, _ := raw.(uint32)
		v.Text = boolText(mask&s.flag.bit != 0)
	default:
		v.show(s.property, raw)
	}
	return v
}

// effective returns what is in force at n, nil for nothing.
func (s spelling) effective(n *Node) any {
	switch {
	case s.id == mdPath:
		if n.VDir != nil {
			return n.VDir.Path
		}
		return ""
	case s.field != nil:
		return held(s.field(n.Properties))
	}
	if at := n.origin(s); at != nil {
		return at.decides(s).value
	}
	if s.def == "" {
		return nil
	}
	v, err := s.kind.read(&reader{}, s.property, s.parse(defaultOf(s.def, n.EmulatedVersion)))
	if err != nil {
		return nil
	}
	return v
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// show puts a value of the program into text.
func (v *Value) show(p *property, value any) {
	switch x := value.(type) {
	case nil:
		if p.kind.shape == shapeList || p.kind.shape == shapeEither {
			v.list(nil)
		}
	case bool:
		v.Text = boolText(x)
	case uint32:
		v.Text = strconv.FormatUint(uint64(x), 10)
	case string:
		v.Text = x
	case []string:
		v.names(p, x)
	case []Header:
		v.list(each(x, func(h Header) string { return h.Name + ": " + h.Value }))
	case []Binding:
		v.list(each(x, Binding.String))
	case []netip.Prefix:
		v.list(each(x, netip.Prefix.String))
	case []ACE:
		v.list(each(x, ACE.String))
	case *MimeMap:
		v.list(x.entries())
	default:
		panic(fmt.Sprintf("metabase: no text for %T", value))
	}
}

// names shows strings: as one with commas where IIS has a comma list.
func (v *Value) names(p *property, list []string) {
	if p.kind.shape == shapeText {
		v.Text = strings.Join(list, ",")
		return
	}
	v.list(list)
}

func (v *Value) list(items []string) {
	v.Items = items
	v.Text = fmt.Sprintf("(%d Items)", len(items))
}

func each[T any](list []T, text func(T) string) []string {
	items := make([]string, len(list))
	for i, x := range list {
		items[i] = text(x)
	}
	return items
}

// String returns the entry as FileACL has it.
func (a ACE) String() string {
	verb := "deny "
	if a.Allow {
		verb = "allow "
	}
	return verb + a.Account + " " + a.Rights
}
