package directory

import "testing"

func TestADepartmentGivenByItsExternalIDTakesThePlaceOfAnEarlierCode(t *testing.T) {
	var p Patch
	if err := p.Set("externalDepartmentId", "X2"); err != nil {
		t.Fatal(err)
	}
	code := "K1"
	r := UserRequest{DepartmentCode: &code}
	if p.apply(&r); r.DepartmentCode != nil || text(r.ExternalDepartmentID) != "X2" {
		t.Errorf("the earlier code stays: %+v", r)
	}
	if err := p.Set("departmentCode", "K3"); err != nil {
		t.Fatal(err)
	}
	if p.apply(&r); text(r.DepartmentCode) != "K3" {
		t.Errorf("a code given with it does not win: %+v", r)
	}
}
