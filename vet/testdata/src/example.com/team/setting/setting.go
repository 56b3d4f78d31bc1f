// Package setting has variables that the program sets.
package setting

var Limit = 5 // want Limit:`changes at setting.go:12`

var Fixed = 6

var hidden int

// Set is what main calls.
func Set(n int) { // want Set:`reaches setting.Limit, setting.hidden`
	Limit = n
	hidden = n
}

func Hidden(n int) int { return n + hidden } // want Hidden:`reaches setting.hidden`

func Plain(n int) int { return n + Fixed }

type Scale struct{}

func (Scale) By(n int) int { return Hidden(n) } // want By:`reaches setting.hidden`
