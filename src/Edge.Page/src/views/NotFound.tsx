import { link } from "../router";
import { t } from "../strings.en";
import { Title } from "../ui/Parts";

export function NotFound() {
  return (
    <div class="empty">
      <Title>{t.common.notFound}</Title>
      <a class="button" href={link()}>
        {t.common.toExperiments}
      </a>
    </div>
  );
}
